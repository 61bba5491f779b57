package org.kiobd.raid;

import java.util.List;
import org.kiobd.store.MemberUri;

/**
 * The specification of a new volume. Immutable.
 *
 * @param name 1 to 127 of {@code A-Z a-z 0-9 . _ -}, the first a letter or digit
 * @param sizeBytes size of the device, more than 0
 * @param chunkBytes bytes on one member before the next member follows; a multiple of 4 KiB and of every member's block size
 * @param members places of the members, each place once
 */
public record ArraySpec(String name, long sizeBytes, long chunkBytes, List<MemberUri> members) {

    /**
     * The chunk size that {@code create} uses: requests of a Linux client (up to 128 KiB on 6.1, 1.25 MiB on 6.12) touch few members each,
     * and neighboring requests still spread over the members.
     */
    public static final long DEFAULT_CHUNK_BYTES = 256 << 10;

    /** The chunk size must be a multiple of this, so that a chunk boundary never splits a block of any store. */
    public static final long CHUNK_UNIT_BYTES = 4096;

    /** The maximum number of members; it fits the member index in the superblock, and is still manageable. */
    public static final int MAX_MEMBERS = 1024;

    public ArraySpec {
        members = List.copyOf(members);
    }
}
