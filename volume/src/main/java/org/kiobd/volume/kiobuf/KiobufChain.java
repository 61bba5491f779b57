package org.kiobd.volume.kiobuf;

import org.jspecify.annotations.Nullable;
import org.kiobd.volume.IoError;
import org.kiobd.volume.loop.IoLoop;

/**
 * Originals with the same op whose ranges follow each other without gap or overlap, linked through themselves: joining two chains
 * moves two pointers and copies neither a byte nor a vector entry. FLUSHes, which have no range, may share a chain as well.
 *
 * <p>Confined to the loop of its originals. Whoever holds a chain owns its originals until it hands it to
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

    /** Used again: what it was before is over. */
    void begin(Kiobuf only) {
        op = only.op();
        head = only;
        tail = only;
        originals = 1;
        fragments = only.fragmentCount();
    }

    /** A chain of one. Takes the request; a chain that was made of it before is given up, and so are all of them when it ends. */
    public static KiobufChain of(Kiobuf only) {
        if (!only.isComplete()) {
            throw new IllegalArgumentException("memory and length do not agree: " + only);
        }
        return only.alone();
    }

    /** Whether {@code later} may follow directly: both merge, same op, adjacent, and the requester understands the same pieces. */
    public boolean precedes(KiobufChain later) {
        return op == later.op
                && endBytes() == later.offsetBytes()
                && tail.isMergeable()
                && later.head.isMergeable()
                && tail.acceptedPieces() == later.head.acceptedPieces();
    }

    /** Appends {@code later}, which {@link #precedes} allows or which, like this, holds FLUSHes. Takes it. O(1). */
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

    /** The first original; follow {@link Kiobuf#next()}, and only until the chain is issued. */
    public Kiobuf head() {
        return head;
    }

    public Kiobuf tail() {
        return tail;
    }

    public int originals() {
        return originals;
    }

    /** Vector entries over all originals: the F of the splitting bound. */
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

    /** The flags of its originals; a chain of more than one has none. */
    public int flags() {
        return head.flags();
    }

    /** Ends every original with {@code error}, or with success for null, without issuing any. Takes the chain. */
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
