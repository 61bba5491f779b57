package org.kiobd.nbd.client;

import io.netty.buffer.ByteBuf;
import java.util.List;
import org.kiobd.nbd.client.ExportInfo.BlockSizes;
import org.kiobd.nbd.protocol.NbdInfo;
import org.kiobd.nbd.protocol.NbdRep;

/** Decodes and validates the server's description of an export. Stateless. */
final class ExportInfos {
    private static final int KIND_BYTES = 2;
    private static final int EXPORT_BYTES = KIND_BYTES + 10;
    private static final int BLOCK_SIZE_BYTES = KIND_BYTES + 12;
    private static final int LARGEST_MINIMUM_BYTES = 64 << 10;

    private ExportInfos() {}

    /** Returns the description of an export of which only the size and the flags are known. */
    static ExportInfo of(String name, long sizeBytes, int flags) throws NbdException {
        return new ExportInfo(name, "", checkedSize(sizeBytes), flags, BlockSizes.DEFAULT);
    }

    /** Decodes the replies to a successful NBD_OPT_GO or NBD_OPT_INFO. */
    static ExportInfo parse(String askedFor, List<OptionReply> replies) throws NbdException {
        String name = askedFor;
        String description = "";
        long sizeBytes = -1;
        int flags = 0;
        BlockSizes blocks = BlockSizes.DEFAULT;
        for (OptionReply reply : replies) {
            if (!reply.is(NbdRep.INFO)) {
                continue;
            }
            ByteBuf in = reply.bytes();
            NbdInfo kind = in.readableBytes() < KIND_BYTES ? NbdInfo.UNKNOWN : NbdInfo.fromWire(in.readUnsignedShort());
            switch (kind) {
                case EXPORT -> {
                    require(reply, EXPORT_BYTES);
                    sizeBytes = checkedSize(in.readLong());
                    flags = in.readUnsignedShort();
                }
                case NAME -> name = reply.text(KIND_BYTES);
                case DESCRIPTION -> description = reply.text(KIND_BYTES);
                case BLOCK_SIZE -> {
                    require(reply, BLOCK_SIZE_BYTES);
                    blocks = blocks(in.readUnsignedInt(), in.readUnsignedInt(), in.readUnsignedInt());
                }
                case UNKNOWN -> {}
            }
        }
        if (sizeBytes < 0) {
            throw NbdException.broken("the server agreed to the export but did not say how large it is");
        }
        return new ExportInfo(name, description, sizeBytes, flags, blocks);
    }

    private static void require(OptionReply reply, int bytes) throws NbdException {
        if (reply.payload().length != bytes) {
            throw NbdException.broken("the server described the export in " + reply.payload().length + " bytes where "
                    + bytes + " belong");
        }
    }

    private static long checkedSize(long sizeBytes) throws NbdException {
        if (sizeBytes < 0) {
            throw NbdException.broken(
                    "the server's export is larger than can be: sizeBytes=" + Long.toUnsignedString(sizeBytes));
        }
        return sizeBytes;
    }

    private static BlockSizes blocks(long minimumBytes, long preferredBytes, long maxPayloadBytes) throws NbdException {
        if (Long.bitCount(minimumBytes) != 1
                || minimumBytes > LARGEST_MINIMUM_BYTES
                || preferredBytes < minimumBytes
                || maxPayloadBytes < minimumBytes) {
            throw NbdException.broken("the server's block sizes make no sense: minimumBytes=" + minimumBytes
                    + " preferredBytes=" + preferredBytes + " maxPayloadBytes=" + maxPayloadBytes);
        }
        return new BlockSizes((int) minimumBytes, preferredBytes, maxPayloadBytes);
    }
}
