package org.kiobd.it.bench;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.kiobuf.Kiobuf;

/**
 * The other side of the debate of 2001: one vector of (memory, offset, length) for everything merged so far, and the requests behind
 * it so that each can still be answered. Merging means appending to the vector. One thread.
 */
final class ScatterList {
    private @Nullable ByteBuf[] memory;
    private int[] offsetBytes;
    private int[] lengthBytes;
    private @Nullable Kiobuf[] originals;
    private int entries;
    private int count;

    /** With room for exactly one request. */
    ScatterList(Kiobuf first) {
        int fragments = first.fragmentCount();
        memory = new ByteBuf[fragments];
        offsetBytes = new int[fragments];
        lengthBytes = new int[fragments];
        originals = new Kiobuf[1];
        append(first);
    }

    /** Appends a request; where there is no room, the vector doubles. */
    void mergeGrowing(Kiobuf request) {
        int needed = entries + request.fragmentCount();
        if (needed > memory.length) {
            resizeEntries(Math.max(needed, memory.length * 2));
        }
        if (count == originals.length) {
            originals = Arrays.copyOf(originals, count * 2);
        }
        append(request);
    }

    /** Appends a request to a vector of the exact size, as an allocation of two vectors' sum does. */
    void mergeCopying(Kiobuf request) {
        resizeEntries(entries + request.fragmentCount());
        originals = Arrays.copyOf(originals, count + 1);
        append(request);
    }

    private void resizeEntries(int length) {
        memory = Arrays.copyOf(memory, length);
        offsetBytes = Arrays.copyOf(offsetBytes, length);
        lengthBytes = Arrays.copyOf(lengthBytes, length);
    }

    private void append(Kiobuf request) {
        for (int i = 0; i < request.fragmentCount(); i++) {
            Fragment fragment = request.fragment(i);
            memory[entries] = fragment.memory();
            offsetBytes[entries] = fragment.offsetBytes();
            lengthBytes[entries] = fragment.lengthBytes();
            entries++;
        }
        originals[count++] = request;
    }

    int entries() {
        return entries;
    }
}
