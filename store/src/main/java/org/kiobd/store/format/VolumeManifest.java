package org.kiobd.store.format;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.MemberUri;

/**
 * The description of a volume in the catalog. It can be rebuilt from the members' superblocks alone. Immutable.
 *
 * @param name 1 to 127 of {@code A-Z a-z 0-9 . _ -}, the first a letter or digit
 * @param uuid identity of the volume; the superblock of every member has it
 * @param sizeBytes size of the device
 * @param chunkBytes size of a chunk, the unit of striping
 * @param layoutId mapping of chunks to members, see {@link Superblock#LAYOUT_EQUAL_MEMBERS}
 * @param members locations of the members, by index
 * @param createdAt time of creation, to the second; null if unknown, because the volume was assembled from its members
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

    /** Returns the manifest with another size. */
    public VolumeManifest withSizeBytes(long newSizeBytes) {
        return new VolumeManifest(name, uuid, newSizeBytes, chunkBytes, layoutId, members, createdAt);
    }

    /** Returns the manifest with other member locations, in the order of the members. */
    public VolumeManifest withMembers(List<MemberUri> newMembers) {
        return new VolumeManifest(name, uuid, sizeBytes, chunkBytes, layoutId, newMembers, createdAt);
    }

    /** Returns the manifest with another name. */
    public VolumeManifest withName(String newName) {
        return new VolumeManifest(newName, uuid, sizeBytes, chunkBytes, layoutId, members, createdAt);
    }

    /** Returns the manifest of a copy of this volume, which has a name, a uuid, members and a creation time of its own. */
    public VolumeManifest copy(String newName, List<MemberUri> newMembers) {
        return new VolumeManifest(newName, UUID.randomUUID(), sizeBytes, chunkBytes, layoutId, newMembers, now());
    }

    /** Returns the current time, in the resolution of manifests. */
    public static Instant now() {
        return Instant.now().truncatedTo(ChronoUnit.SECONDS);
    }
}
