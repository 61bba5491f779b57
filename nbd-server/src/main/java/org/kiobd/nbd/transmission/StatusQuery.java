package org.kiobd.nbd.transmission;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import org.kiobd.nbd.MetaContext;
import org.kiobd.nbd.protocol.NbdMagic;
import org.kiobd.nbd.transmission.ChunkEncoding.Descriptor;
import org.kiobd.volume.BlockDevice;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;
import org.kiobd.volume.MemberRun;

/**
 * A valid NBD_CMD_BLOCK_STATUS.
 *
 * @param range range of the query, inside the device, not empty
 * @param maxDescriptors maximum number of descriptors for each context
 * @param contexts contexts of the query, one or more
 */
record StatusQuery(long cookie, ByteRange range, int maxDescriptors, List<MetaContext> contexts) {
    /** Maximum number of descriptors for one context; the client sends another query for the rest. The specification would allow 2^20. */
    static final int MAX_DESCRIPTORS = 8192;

    /** Extents shorter than this are not expected, so that small ranges take little memory. */
    private static final int SHORTEST_BYTES = 512;

    /** @param one whether NBD_CMD_FLAG_REQ_ONE is set: the client wants one descriptor */
    static StatusQuery of(long cookie, ByteRange range, boolean one, List<MetaContext> contexts) {
        int most = one ? 1 : (int) Math.min(MAX_DESCRIPTORS, 2 + range.lengthBytes() / SHORTEST_BYTES);
        return new StatusQuery(cookie, range, most, contexts);
    }

    /** Returns the same query with half as many descriptors, at least 1. */
    StatusQuery halved() {
        return new StatusQuery(cookie, range, Math.max(1, maxDescriptors / 2), contexts);
    }

    /** Returns the maximum memory of its reply. */
    long memoryBytes(ChunkEncoding encoding) {
        return (long) contexts.size() * encoding.statusBytes(maxDescriptors());
    }

    /** Returns whether the device must be asked for extents; other contexts are computed. */
    boolean needsExtents() {
        return contexts.contains(MetaContext.BASE_ALLOCATION);
    }

    /**
     * Writes the whole reply.
     *
     * @param extents the device's answer; ignored unless {@link #needsExtents}
     */
    void encode(ByteBuf out, ChunkEncoding encoding, BlockDevice device, List<Extent> extents) {
        ChunkEncoding.Request request = new ChunkEncoding.Request(cookie, range.offsetBytes());
        for (int i = 0; i < contexts.size(); i++) {
            MetaContext context = contexts.get(i);
            List<Descriptor> descriptors = switch (context) {
                case BASE_ALLOCATION -> allocation(extents);
                case KIOBD_MEMBER -> members(device);
            };
            encoding.status(out, request, i == contexts.size() - 1, context, descriptors);
        }
    }

    private static List<Descriptor> allocation(List<Extent> extents) {
        List<Descriptor> descriptors = new ArrayList<>(extents.size());
        for (Extent extent : extents) {
            int status = switch (extent.kind()) {
                case DATA -> 0;
                case ZERO -> NbdMagic.NBD_STATE_ZERO;
                case HOLE -> NbdMagic.NBD_STATE_HOLE | NbdMagic.NBD_STATE_ZERO;
            };
            descriptors.add(new Descriptor(extent.lengthBytes(), status));
        }
        return descriptors;
    }

    private List<Descriptor> members(BlockDevice device) {
        List<Descriptor> descriptors = new ArrayList<>();
        long at = range.offsetBytes();
        while (at < range.endBytes() && descriptors.size() < maxDescriptors()) {
            MemberRun run = device.memberRun(at);
            long lengthBytes = Math.min(run.lengthBytes(), range.endBytes() - at);
            descriptors.add(new Descriptor(lengthBytes, run.member()));
            at += lengthBytes;
        }
        return descriptors;
    }
}
