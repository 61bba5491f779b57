package org.kiobd.store.file;

import org.kiobd.store.MemberOp;
import org.kiobd.volume.kiobuf.PipedPayload;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes what stands in pipes to a file of the page cache, by splice(2): one copy instead of two. A file that takes nothing from a pipe is not
 * asked again. For the loop of its port, and the thread that writes beside it.
 */
final class PipedWrites {
    private static final Logger LOG = LoggerFactory.getLogger(PipedWrites.class);

    private final OpenFile file;
    private volatile boolean refused;

    PipedWrites(OpenFile file) {
        this.file = file;
    }

    /** Whether {@code op}, a WRITE, is better done here than from memory. */
    boolean takes(MemberOp op) {
        return !refused && op.isPiped();
    }

    /** Does a WRITE, as far as the medium hasRoom it. */
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

    /** @return bytes written of what follows in the entry, at least one; or a negative errno */
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
