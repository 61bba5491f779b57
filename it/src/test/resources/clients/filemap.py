# filemap.py FILE OFFSET: one character a block of 4 KiB from OFFSET on, d for data and a dot for a hole, as the file system says.
import os
import sys

name, at, out = sys.argv[1], int(sys.argv[2]), []
fd = os.open(name, os.O_RDONLY)
end = os.fstat(fd).st_size
while at < end:
    try:
        data = os.lseek(fd, at, os.SEEK_DATA)
    except OSError:
        data = end
    out.append("." * ((data - at) // 4096))
    at = data
    if at < end:
        hole = os.lseek(fd, at, os.SEEK_HOLE)
        out.append("d" * ((hole - at) // 4096))
        at = hole
print("".join(out))
