package org.kiobd.volume.kiobuf;

import org.jspecify.annotations.Nullable;
import org.kiobd.volume.IoError;
import org.kiobd.volume.loop.IoLoop;

/**
 * A linked list of originals with the same op whose ranges follow each other without gap or overlap. The originals themselves are the
 * list nodes: joining two chains changes two pointers and copies neither a byte nor a vector entry. FLUSHes, which have no range, may
 * share a chain as well.
 *
 * <p>Confined to the loop of its originals. The holder of a chain owns its originals until it passes the chain to
 * {@link org.kiobd.volume.BlockDevice#submit}, which takes it.
 */
public final class KiobufChain {
    private Op op;
    private Kiobuf head;
    private Kiobuf tail;
    private int originals = 1;
    private long fragments;

    KiobufChain(Kiobuf only) {
        op = only.op();
        head = only;
        tail = only;
        fragments = only.fragmentCount();
    }

    /** Resets this chain for reuse with {@code only} as its single original. */
    void begin(Kiobuf only) {
        op = only.op();
        head = only;
        tail = only;
        originals = 1;
        fragments = only.fragmentCount();
    }

    /**
     * Returns a chain of {@code only}. Takes the request. An earlier chain made of the same request becomes invalid, and this chain becomes
     * invalid when the request ends.
     */
    public static KiobufChain of(Kiobuf only) {
        if (!only.isComplete()) {
            throw new IllegalArgumentException("memory and length do not agree: " + only);
        }
        return only.alone();
    }

    /** Returns whether {@code later} may follow: both are mergeable and adjacent, with the same op and the same accepted pieces. */
    public boolean precedes(KiobufChain later) {
        return op == later.op
                && endBytes() == later.offsetBytes()
                && tail.isMergeable()
                && later.head.isMergeable()
                && tail.acceptedPieces() == later.head.acceptedPieces();
    }

    /** Appends {@code later}: either {@link #precedes} allows it, or both chains hold FLUSHes. Takes {@code later}. O(1). */
    public void join(KiobufChain later) {
        if (!precedes(later) && !(op == Op.FLUSH && later.op == Op.FLUSH)) {
            throw new IllegalArgumentException("not adjacent: " + this + " and " + later);
        }
        tail.next(later.head);
        tail = later.tail;
        originals += later.originals;
        fragments += later.fragments;
    }

    public Op op() {
        return op;
    }

    public IoLoop loop() {
        return head.loop();
    }

    /** Returns the first original; {@link Kiobuf#next()} leads to the others until the chain is issued. */
    public Kiobuf head() {
        return head;
    }

    public Kiobuf tail() {
        return tail;
    }

    public int originals() {
        return originals;
    }

    /** Returns the number of fragments of all originals: the F in the bound of splitting, F + C - 1 gather entries over C chunks. */
    public long fragments() {
        return fragments;
    }

    public long offsetBytes() {
        return head.offsetBytes();
    }

    public long endBytes() {
        return tail.endBytes();
    }

    public long lengthBytes() {
        return endBytes() - offsetBytes();
    }

    /** Returns the flags of the original; a chain of more than one original has none. */
    public int flags() {
        return head.flags();
    }

    /** Ends every original without issuing it: with {@code error}, or with success if it is null. Takes the chain. */
    public void completeAll(@Nullable IoError error) {
        Kiobuf original = head;
        while (original != null) {
            Kiobuf following = original.next();
            if (error != null) {
                original.charge(0, error);
            }
            original.submitted();
            original = following;
        }
    }

    @Override
    public String toString() {
        return op + "[" + offsetBytes() + "," + endBytes() + ") originals=" + originals;
    }
}
