package org.kiobd.store;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/**
 * The capabilities of a member; they do not change while it is open. Immutable. Look them up when a device or a port is made, not for each
 * request.
 *
 * @param blockBytes block size of the store; a write to a part of a block is a read-modify-write; 1 if there is none; a power of two
 * @param memoryAlignmentBytes alignment of memory that the store need not copy; 1 if there is none; a power of two
 * @param all everything the member can do
 */
public record MemberCapabilities(int blockBytes, int memoryAlignmentBytes, Set<MemberCapability> all) {

    public MemberCapabilities {
        EnumSet<MemberCapability> copy = EnumSet.noneOf(MemberCapability.class);
        copy.addAll(all);
        all = Collections.unmodifiableSet(copy);
    }

    /** Returns the capabilities of a store without blocks that takes memory at any address. */
    public static MemberCapabilities of(MemberCapability... all) {
        return new MemberCapabilities(1, 1, Set.of(all));
    }

    /** Returns whether the member has {@code capability}. */
    public boolean has(MemberCapability capability) {
        return all.contains(capability);
    }

    public MemberCapabilities withBlockBytes(int newBlockBytes) {
        return new MemberCapabilities(newBlockBytes, memoryAlignmentBytes, all);
    }

    public MemberCapabilities withMemoryAlignmentBytes(int newAlignmentBytes) {
        return new MemberCapabilities(blockBytes, newAlignmentBytes, all);
    }

    /** Returns these capabilities without {@code lost}. */
    public MemberCapabilities without(MemberCapability lost) {
        EnumSet<MemberCapability> rest = EnumSet.noneOf(MemberCapability.class);
        rest.addAll(all);
        rest.remove(lost);
        return new MemberCapabilities(blockBytes, memoryAlignmentBytes, rest);
    }
}
