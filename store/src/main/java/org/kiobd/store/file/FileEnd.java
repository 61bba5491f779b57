package org.kiobd.store.file;

import org.kiobd.store.MemberOp;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Detects that an open file was truncated. It knows the size that the file must have; if somebody makes the file shorter while it is in
 * use, the range past the new end is lost data, not a hole. A lost range stays lost until the file is opened again, because a write past
 * the end extends the file again, with zeros before the write. Belongs to its {@link OpenFile}. Any thread.
 */
final class FileEnd {
    private static final Logger LOG = LoggerFactory.getLogger(FileEnd.class);
    private static final long NOTHING_LOST = Long.MAX_VALUE;

    private final int fd;
    private final long dataOffsetBytes;
    private volatile String name = "";
    private volatile long promisedBytes;
    private volatile long lostFromBytes = NOTHING_LOST;

    /** Creates the end of a file that has no required size yet. Borrows the descriptor. */
    FileEnd(int fd, long dataOffsetBytes) {
        this.fd = fd;
        this.dataOffsetBytes = dataOffsetBytes;
    }

    /**
     * Sets the size that the file must have from now on.
     *
     * @param fileName for the log
     * @param fileBytes size of the whole file
     */
    void promise(String fileName, long fileBytes) {
        name = fileName;
        promisedBytes = fileBytes;
    }

    long promisedBytes() {
        return promisedBytes;
    }

    /** Returns the start of the lost range in the file; {@link Long#MAX_VALUE} if nothing is lost. */
    long lostFromBytes() {
        return lostFromBytes;
    }

    /** Returns whether {@code op} reaches into the lost range. */
    boolean isLost(MemberOp op) {
        return dataOffsetBytes + op.offsetBytes() + op.lengthBytes() > lostFromBytes;
    }

    /**
     * Handles the end of file that a READ found at {@code position} of the file.
     *
     * @return true if the file need not reach beyond {@code position}, so that the rest reads as zeros; false if the rest is lost
     */
    boolean isReached(long position) {
        if (position >= promisedBytes) {
            return true;
        }
        // The file may end before this position.
        long fileBytes = Libc.lseek(fd, 0, Libc.SEEK_END);
        lose(fileBytes < 0 ? position : Math.min(position, fileBytes));
        return false;
    }

    /**
     * Checks that the file has the size it must have.
     *
     * @return 0 or EIO
     */
    int check() {
        long promised = promisedBytes;
        if (lostFromBytes != NOTHING_LOST) {
            return Errno.EIO;
        }
        long fileBytes = promised == 0 ? 0 : Libc.lseek(fd, 0, Libc.SEEK_END);
        // Compare with the value read above: a resize may have raised promisedBytes since.
        if (fileBytes >= promised || fileBytes < 0) {
            return 0;
        }
        lose(fileBytes);
        return Errno.EIO;
    }

    private synchronized void lose(long fromBytes) {
        if (lostFromBytes == NOTHING_LOST) {
            LOG.error(
                    "{} was made shorter while in use: it ends at byte {} and must have {}; what was behind is lost, and reads and"
                            + " writes there fail with EIO, as do flushes; what is before is unharmed; stop the server and"
                            + " restore the file from a copy",
                    name,
                    fromBytes,
                    promisedBytes);
        }
        lostFromBytes = Math.min(lostFromBytes, fromBytes);
    }
}
