package org.kiobd.it.bench;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.kiobuf.Kiobuf;

/**
 * The alternative from the debate of 2001: one vector of (memory, offset, length) for all requests merged so far, and a list of these
 * requests, so that each can still be completed. A merge appends to the vector. Used by one thread.
 */
final class ScatterList {
    private @Nullable ByteBuf[] memory;
    private int[] offsetBytes;
    private int[] lengthBytes;
    private @Nullable Kiobuf[] originals;
    private int entries;
    private int count;

    /** Makes a list that has room for exactly one request, {@code first}. */
    ScatterList(Kiobuf first) {
        int fragments = first.fragmentCount();
        memory = new ByteBuf[fragments];
        offsetBytes = new int[fragments];
        lengthBytes = new int[fragments];
        originals = new Kiobuf[1];
        append(first);
    }

    /** Appends a request; if there is no room, doubles the vector. */
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

    /** Appends a request by copying to a vector of exactly the needed size. */
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
