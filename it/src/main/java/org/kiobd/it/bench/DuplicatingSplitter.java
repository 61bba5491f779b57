package org.kiobd.it.bench;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kiobd.raid.layout.StripeLayout;
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.KiobufChain;

/**
 * Splits a chain by duplication, as was feared in 2001: each member gets its own chain of clones. It clones only the pieces that a
 * member needs, F + C - 1 nodes in total, not the whole chain for each member, which is the best case for this idea. Used by one thread.
 */
final class DuplicatingSplitter {
    private final StripeLayout layout;

    /** A request header with its own vector, its range on the member, the link to the next clone, and the original whose pending count it decrements. */
    static final class Clone {
        final Kiobuf original;
        final Fragment[] fragments;
        final long memberOffsetBytes;
        final long lengthBytes;

        @Nullable
        Clone next;

        Clone(Kiobuf original, Fragment[] fragments, long memberOffsetBytes, long lengthBytes) {
            this.original = original;
            this.fragments = fragments;
            this.memberOffsetBytes = memberOffsetBytes;
            this.lengthBytes = lengthBytes;
            original.beginSlice();
        }
    }

    DuplicatingSplitter(StripeLayout layout) {
        this.layout = layout;
    }

    /** Returns the heads of the members' chains, in the order in which the range touches the members. */
    List<Clone> split(KiobufChain chain) {
        @Nullable Clone[] heads = new Clone[layout.members()];
        @Nullable Clone[] tails = new Clone[layout.members()];
        for (Kiobuf original = chain.head(); original != null; original = original.next()) {
            long atBytes = 0;
            while (atBytes < original.lengthBytes()) {
                long deviceOffset = original.offsetBytes() + atBytes;
                long bytes = Math.min(layout.runBytes(deviceOffset), original.lengthBytes() - atBytes);
                Clone clone = new Clone(
                        original, slice(original, atBytes, bytes), layout.memberOffsetBytes(deviceOffset), bytes);
                int member = layout.member(deviceOffset);
                Clone tail = tails[member];
                if (tail == null) {
                    heads[member] = clone;
                } else {
                    tail.next = clone;
                }
                tails[member] = clone;
                atBytes += bytes;
            }
        }
        return inOrder(heads, layout.member(chain.offsetBytes()));
    }

    private static List<Clone> inOrder(@Nullable Clone[] heads, int first) {
        List<Clone> ordered = new ArrayList<>(heads.length);
        for (int i = 0; i < heads.length; i++) {
            Clone head = heads[(first + i) % heads.length];
            if (head != null) {
                ordered.add(head);
            }
        }
        return ordered;
    }

    private static Fragment[] slice(Kiobuf original, long atBytes, long bytes) {
        if (original.fragmentCount() == 1) {
            return new Fragment[] {original.fragment(0).slice((int) atBytes, (int) bytes)};
        }
        List<Fragment> slices = new ArrayList<>();
        long startBytes = 0;
        for (int i = 0; i < original.fragmentCount(); i++) {
            Fragment fragment = original.fragment(i);
            long from = Math.max(atBytes, startBytes);
            long to = Math.min(atBytes + bytes, startBytes + fragment.lengthBytes());
            if (from < to) {
                slices.add(fragment.slice((int) (from - startBytes), (int) (to - from)));
            }
            startBytes += fragment.lengthBytes();
        }
        return slices.toArray(Fragment[]::new);
    }

    /** Ends every clone. */
    void uncount(List<Clone> heads) {
        for (Clone head : heads) {
            for (Clone clone = head; clone != null; clone = clone.next) {
                clone.original.endSlice();
            }
        }
    }

    /** Returns the bytes that the chain of one member would write. */
    static byte[] bytes(Clone head) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (Clone clone = head; clone != null; clone = clone.next) {
            for (Fragment fragment : clone.fragments) {
                byte[] part = new byte[fragment.lengthBytes()];
                fragment.memory().getBytes(fragment.offsetBytes(), part);
                bytes.writeBytes(part);
            }
        }
        return bytes.toByteArray();
    }
}
