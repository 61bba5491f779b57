# Runs inside nbdsh, connected as `h`, against an export of at least 1 MiB that may be written to.
import errno

size = h.get_size()
h.set_strict_mode(0)  # libnbd must send what we tell it to, legal or not


def refused(what, want, call, *args):
    """`call` fails with one of the errnos `want`, and the connection survives."""
    try:
        call(*args)
    except nbd.Error as e:
        assert e.errno in want, "%s: %s instead of %s" % (what, e.errno, want)
    else:
        raise AssertionError("%s: was not refused" % what)
    assert h.aio_is_ready(), "%s: cost the connection" % what


EINVAL, ENOSPC = ["EINVAL"], ["ENOSPC"]
for name in ["flush", "fua", "multi_conn", "trim", "zero", "cache"]:
    assert getattr(h, "can_" + name)(), name
assert not h.is_read_only()
assert h.get_block_size(nbd.SIZE_MINIMUM) == 1
assert h.get_block_size(nbd.SIZE_PREFERRED) == 4096
assert h.get_block_size(nbd.SIZE_MAXIMUM) == 64 << 20

# What is allowed works, on odd offsets too, with FUA wherever the specification lets it stand.
data = bytes(i * 7 & 255 for i in range(3001))
fua = nbd.CMD_FLAG_FUA
h.pwrite(data, 511, fua)
assert bytes(h.pread(len(data), 511)) == data
assert bytes(h.pread(len(data), 511, fua)) == data
h.zero(1000, 700)
assert bytes(h.pread(len(data), 511)) == data[:189] + bytes(1000) + data[1189:]
h.zero(8192, 65536, nbd.CMD_FLAG_NO_HOLE | fua)
h.trim(65536, 262144, fua)
h.cache(4096, 0)
h.flush()
h.flush(fua)

# What is not allowed is refused with the specification's error, and costs nothing else.
refused("READ past the end", EINVAL, h.pread, 512, size)
refused("READ across the end", EINVAL, h.pread, 1024, size - 512)
refused("WRITE past the end", ENOSPC, h.pwrite, bytes(512), size)
refused("WRITE across the end", ENOSPC, h.pwrite, bytes(1024), size - 512)
refused("WRITE_ZEROES past the end", ENOSPC, h.zero, 512, size)
refused("TRIM past the end", EINVAL, h.trim, 512, size)
refused("READ near 2^63", EINVAL, h.pread, 512, (1 << 63) - 256)
refused("READ near 2^64", EINVAL, h.pread, 512, (1 << 64) - 512)
refused("WRITE near 2^64", EINVAL + ENOSPC, h.pwrite, bytes(512), (1 << 64) - 512)
refused("NO_HOLE on WRITE", EINVAL, h.pwrite, bytes(512), 0, nbd.CMD_FLAG_NO_HOLE)
refused("unknown flag on READ", EINVAL, h.pread, 512, 0, 1 << 9)
refused("unknown flag on WRITE", EINVAL, h.pwrite, bytes(512), 0, 1 << 9)
refused("REQ_ONE on TRIM", EINVAL, h.trim, 512, 0, nbd.CMD_FLAG_REQ_ONE)

# Length 0 is answered, with whatever, and does not cost the connection.
for call in [lambda: h.trim(0, 0), lambda: h.zero(0, 0), lambda: h.cache(0, 0)]:
    try:
        call()
    except nbd.Error as e:
        assert e.errno == "EINVAL", e
    assert h.aio_is_ready()

# The largest request, and after everything above the data still stands.
big = bytes(1 << 20) * 40
if size >= len(big) + (1 << 20):
    h.pwrite(big, 1 << 20)
    assert bytes(h.pread(len(big), 1 << 20)) == big
assert bytes(h.pread(189, 511)) == data[:189]
h.shutdown()
print("all right")
