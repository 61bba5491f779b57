package org.kiobd.store.file;

import org.kiobd.store.MemberOp;
import org.kiobd.volume.kiobuf.PipedPayload;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes payloads from pipes to a file through the page cache, by splice(2): one copy instead of two. Stops using splice(2) after the
 * file has refused it. Used by the loop of its port and by the thread of the {@link WriteLane}.
 */
final class PipedWrites {
    private static final Logger LOG = LoggerFactory.getLogger(PipedWrites.class);

    private final OpenFile file;
    private volatile boolean refused;

    PipedWrites(OpenFile file) {
        this.file = file;
    }

    /** Returns whether {@code op}, a WRITE, has its payload in pipes and the file accepts splice(2). */
    boolean takes(MemberOp op) {
        return !refused && op.isPiped();
    }

    /** Does a WRITE until it is complete or fails. */
    OpenFile.Outcome write(MemberOp op) {
        long doneBytes = 0;
        for (int i = 0; i < op.entries(); i++) {
            long entryBytes = op.entryLengthBytes(i);
            long entryDone = 0;
            while (entryDone < entryBytes) {
                long moved = move(op, i, entryDone, doneBytes + entryDone);
                if (moved < 0) {
                    return new OpenFile.Outcome(doneBytes + entryDone, (int) -moved);
                }
                entryDone += moved;
            }
            doneBytes += entryBytes;
        }
        return new OpenFile.Outcome(doneBytes, 0);
    }

    /**
     * Writes the next bytes of an entry.
     *
     * @return number of bytes written, at least one; or a negative errno
     */
    private long move(MemberOp op, int entry, long entryDone, long doneBytes) {
        int at = op.memoryOffsetBytes(entry) + (int) entryDone;
        long bytes = op.entryLengthBytes(entry) - entryDone;
        long position = file.dataOffsetBytes() + op.offsetBytes() + doneBytes;
        PipedPayload piped = refused ? null : op.piped(entry);
        if (piped != null) {
            long moved = piped.drain(file.fd(), position, at, bytes);
            if (moved == -Errno.EINVAL || moved == -Errno.EOPNOTSUPP || moved == -Errno.ENOSYS) {
                refused = true;
                LOG.warn("a file takes nothing from a pipe, errno={}: what is written to it is copied", -moved);
            } else if (moved != PipedPayload.IN_MEMORY) {
                file.submittedOps().increment();
                return moved;
            }
        }
        return file.write(op.memory(entry).memoryAddress() + at, bytes, position);
    }
}
