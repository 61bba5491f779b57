package org.kiobd.raid;

import java.util.List;
import org.kiobd.store.MemberUri;

/**
 * What a new volume shall be.
 *
 * @param name 1 to 127 of {@code A-Z a-z 0-9 . _ -}, the first a letter or digit
 * @param sizeBytes size of the device, more than 0
 * @param chunkBytes bytes on one member before the next follows; a multiple of 4 KiB and of every member's block size
 * @param members where the members will be, each place once
 */
public record ArraySpec(String name, long sizeBytes, long chunkBytes, List<MemberUri> members) {

    /** What {@code create} uses: one request of the kernel (128 KiB to 1.25 MiB) rarely splits, neighbours still spread. */
    public static final long DEFAULT_CHUNK_BYTES = 256 << 10;

    /** Chunks are multiples of this, so that no block of any store is cut. */
    public static final long CHUNK_UNIT_BYTES = 4096;

    /** Most members a volume may have: what fits an index in the superblock and a person's patience. */
    public static final int MAX_MEMBERS = 1024;

    public ArraySpec {
        members = List.copyOf(members);
    }
}
