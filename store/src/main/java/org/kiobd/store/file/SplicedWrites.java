package org.kiobd.store.file;

import org.kiobd.store.MemberOp;
import org.kiobd.volume.kiobuf.Payload;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes payloads from pipes to a file through the page cache, by splice(2): one copy instead of two. Stops using splice(2) after the
 * file has refused it. Used by the loop of its port and by the thread of the {@link WriteLane}.
 */
final class SplicedWrites {
    private static final Logger LOG = LoggerFactory.getLogger(SplicedWrites.class);

    private final OpenFile file;
    private volatile boolean refused;

    SplicedWrites(OpenFile file) {
        this.file = file;
    }

    /** Returns whether {@code payload} is in pipes and the file accepts splice(2). */
    boolean takes(Payload payload) {
        return !refused && payload.isInPipes();
    }

    /** Does a WRITE until it is complete or fails. */
    OpenFile.Outcome write(MemberOp op) {
        Payload payload = op.payload();
        long doneBytes = 0;
        for (int i = 0; i < payload.pieces(); i++) {
            long pieceDone = 0;
            while (pieceDone < payload.lengthBytes(i)) {
                long position = file.dataOffsetBytes() + op.offsetBytes() + doneBytes;
                long moved = move(payload, i, pieceDone, position);
                if (moved < 0) {
                    return new OpenFile.Outcome(doneBytes, (int) -moved);
                }
                pieceDone += moved;
                doneBytes += moved;
            }
        }
        return new OpenFile.Outcome(doneBytes, 0);
    }

    /**
     * Writes the bytes of a piece after its first {@code skipBytes}.
     *
     * @return number of bytes written, at least one; or a negative errno
     */
    private long move(Payload payload, int piece, long skipBytes, long position) {
        if (!refused) {
            long moved = payload.moveTo(file.fd(), position, piece, skipBytes);
            if (moved == -Errno.EINVAL || moved == -Errno.EOPNOTSUPP || moved == -Errno.ENOSYS) {
                refused = true;
                LOG.warn("a file takes nothing from a pipe, errno={}: what is written to it is copied", -moved);
            } else if (moved != Payload.IN_MEMORY) {
                file.submittedOps().increment();
                return moved;
            }
        }
        long address = payload.memory(piece).memoryAddress() + payload.memoryOffsetBytes(piece) + skipBytes;
        return file.write(address, payload.lengthBytes(piece) - skipBytes, position);
    }
}
