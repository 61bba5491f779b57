package org.kiobd.store.format;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.MemberUri;

/**
 * What a volume is made of, as the catalog keeps it beside the volume's name. It can be rebuilt from the members' superblocks alone.
 * Immutable.
 *
 * @param name 1 to 127 of {@code A-Z a-z 0-9 . _ -}, the first a letter or digit
 * @param uuid identity; every member carries it
 * @param sizeBytes size of the device
 * @param chunkBytes bytes that lie on one member before the next one follows
 * @param layoutId how chunks map to members, see {@link Superblock#LAYOUT_EQUAL_MEMBERS}
 * @param members where the members are, by index
 * @param createdAt when it was made, to the second; null if nobody knows, because it was put together from its members
 */
public record VolumeManifest(
        String name,
        UUID uuid,
        long sizeBytes,
        long chunkBytes,
        int layoutId,
        List<MemberUri> members,
        @Nullable Instant createdAt) {

    public VolumeManifest {
        members = List.copyOf(members);
    }

    /** The same volume with another size. */
    public VolumeManifest withSizeBytes(long newSizeBytes) {
        return new VolumeManifest(name, uuid, newSizeBytes, chunkBytes, layoutId, members, createdAt);
    }

    /** The same volume with its members in these places, in order. */
    public VolumeManifest withMembers(List<MemberUri> newMembers) {
        return new VolumeManifest(name, uuid, sizeBytes, chunkBytes, layoutId, newMembers, createdAt);
    }

    /** The same volume under another name. */
    public VolumeManifest withName(String newName) {
        return new VolumeManifest(newName, uuid, sizeBytes, chunkBytes, layoutId, members, createdAt);
    }

    /** Another volume that holds the same: with a name, an identity and members of its own, made now. */
    public VolumeManifest copy(String newName, List<MemberUri> newMembers) {
        return new VolumeManifest(newName, UUID.randomUUID(), sizeBytes, chunkBytes, layoutId, newMembers, now());
    }

    /** The time, as manifests tell it. */
    public static Instant now() {
        return Instant.now().truncatedTo(ChronoUnit.SECONDS);
    }
}
