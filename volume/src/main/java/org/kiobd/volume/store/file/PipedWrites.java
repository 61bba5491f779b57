package org.kiobd.volume.store.file;

import org.kiobd.volume.kiobuf.PipedPayload;
import org.kiobd.volume.store.MemberOp;

/** Writes what stands in pipes to a file of the page cache, by splice(2): one copy instead of two. Stateless; on the loop of the operation. */
final class PipedWrites {
    private PipedWrites() {}

    /** Does a WRITE some of whose entries {@link MemberOp#isPiped}, as far as the medium lets it. */
    static OpenFile.Outcome write(OpenFile file, MemberOp op) {
        long doneBytes = 0;
        for (int i = 0; i < op.entries(); i++) {
            long entryBytes = op.entryLengthBytes(i);
            long entryDone = 0;
            while (entryDone < entryBytes) {
                long moved = move(file, op, i, entryDone, doneBytes + entryDone);
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
    private static long move(OpenFile file, MemberOp op, int entry, long entryDone, long doneBytes) {
        int at = op.memoryOffsetBytes(entry) + (int) entryDone;
        long bytes = op.entryLengthBytes(entry) - entryDone;
        long position = file.dataOffsetBytes() + op.offsetBytes() + doneBytes;
        PipedPayload piped = op.piped(entry);
        if (piped != null) {
            long moved = piped.drain(file.dataFd(), position, at, bytes);
            if (moved != PipedPayload.IN_MEMORY) {
                file.submittedOps().increment();
                return moved;
            }
        }
        return file.write(op.memory(entry), at, bytes, position);
    }
}
