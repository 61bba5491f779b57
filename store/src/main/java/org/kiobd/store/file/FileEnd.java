package org.kiobd.store.file;

import org.kiobd.store.MemberOp;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How far an open file must reach, and from where on it no longer does: somebody may make it shorter while it is in use, and a place
 * behind its end is lost, not a hole. What was found lost once stays so until the file is opened again, for a write behind the end makes
 * the file longer, with zeros before it. Belongs to its {@link OpenFile}. Any thread.
 */
final class FileEnd {
    private static final Logger LOG = LoggerFactory.getLogger(FileEnd.class);
    private static final long NOTHING_LOST = Long.MAX_VALUE;

    private final int fd;
    private final long dataOffsetBytes;
    private volatile String name = "";
    private volatile long promisedBytes;
    private volatile long lostFromBytes = NOTHING_LOST;

    /** Borrows the descriptor. */
    FileEnd(int fd, long dataOffsetBytes) {
        this.fd = fd;
        this.dataOffsetBytes = dataOffsetBytes;
    }

    /**
     * From here on the file is as long as {@code fileBytes} says, all of it.
     *
     * @param fileName for the log
     */
    void promise(String fileName, long fileBytes) {
        name = fileName;
        promisedBytes = fileBytes;
    }

    long promisedBytes() {
        return promisedBytes;
    }

    /** From here on nothing is known of the file; {@link Long#MAX_VALUE} where nothing is lost. */
    long lostFromBytes() {
        return lostFromBytes;
    }

    /** Whether {@code op} reaches into what is lost. */
    boolean isLost(MemberOp op) {
        return dataOffsetBytes + op.offsetBytes() + op.lengthBytes() > lostFromBytes;
    }

    /**
     * A READ found nothing at {@code position} of the file.
     *
     * @return whether that is all right, as no more was promised; zeros stand there then
     */
    boolean isReached(long position) {
        if (position >= promisedBytes) {
            return true;
        }
        // What is missing may begin before.
        long fileBytes = Libc.lseek(fd, 0, Libc.SEEK_END);
        lose(fileBytes < 0 ? position : Math.min(position, fileBytes));
        return false;
    }

    /** Looks whether the file is as long as it must be. @return 0 or EIO */
    int check() {
        long promised = promisedBytes;
        if (lostFromBytes != NOTHING_LOST) {
            return Errno.EIO;
        }
        long fileBytes = promised == 0 ? 0 : Libc.lseek(fd, 0, Libc.SEEK_END);
        // It may just be growing: what was promised meanwhile was not asked about.
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
