package org.kiobd.nbd.handshake;

import io.netty.buffer.ByteBuf;
import org.kiobd.nbd.Export;
import org.kiobd.nbd.MetaContext;
import org.kiobd.nbd.Session;
import org.kiobd.nbd.protocol.NbdInfo;
import org.kiobd.nbd.protocol.NbdMagic;
import org.kiobd.nbd.protocol.NbdRep;
import org.kiobd.nbd.protocol.NbdText;

/**
 * Encodes the greeting and the option replies of the server into one buffer, which it borrows.
 *
 * <pre>
 *   0        8        12       16       20
 *   | magic  | option | reply  | length | data ...
 * </pre>
 */
final class OptionReplies {
    private final ByteBuf out;

    OptionReplies(ByteBuf out) {
        this.out = out;
    }

    void greeting(int handshakeFlags) {
        out.writeLong(NbdMagic.NBDMAGIC).writeLong(NbdMagic.IHAVEOPT).writeShort(handshakeFlags);
    }

    private void header(int option, NbdRep reply, int dataBytes) {
        out.writeLong(NbdMagic.OPTION_REPLY)
                .writeInt(option)
                .writeInt(reply.wire())
                .writeInt(dataBytes);
    }

    void ack(OptionRequest to) {
        header(to.number(), NbdRep.ACK, 0);
    }

    /** Writes an error reply to an option; {@code text} tells people the reason. */
    void error(int option, NbdRep reply, String text) {
        if (!reply.isError()) {
            throw new IllegalArgumentException(reply + " is not an error");
        }
        header(option, reply, NbdText.lengthBytes(text));
        NbdText.write(out, text);
    }

    /** Writes one export of the reply to NBD_OPT_LIST. */
    void server(OptionRequest to, Export export) {
        int nameBytes = NbdText.lengthBytes(export.name());
        header(to.number(), NbdRep.SERVER, 4 + nameBytes + NbdText.lengthBytes(export.description()));
        out.writeInt(nameBytes);
        NbdText.write(out, export.name());
        NbdText.write(out, export.description());
    }

    /** @param flags the transmission flags: those of the session, or those it could have */
    void infoExport(OptionRequest to, Session session, int flags) {
        header(to.number(), NbdRep.INFO, 2 + NbdMagic.EXPORT_NAME_REPLY_BYTES);
        out.writeShort(NbdInfo.EXPORT.wire());
        sizeAndFlags(session, flags);
    }

    /** Writes one meta context that was selected, or listed with id 0. */
    void metaContext(OptionRequest to, int id, MetaContext context) {
        header(to.number(), NbdRep.META_CONTEXT, 4 + NbdText.lengthBytes(context.wireName()));
        out.writeInt(id);
        NbdText.write(out, context.wireName());
    }

    void infoText(OptionRequest to, NbdInfo kind, String text) {
        header(to.number(), NbdRep.INFO, 2 + NbdText.lengthBytes(text));
        out.writeShort(kind.wire());
        NbdText.write(out, text);
    }

    void infoBlockSize(OptionRequest to, Export export) {
        header(to.number(), NbdRep.INFO, 2 + 3 * 4);
        out.writeShort(NbdInfo.BLOCK_SIZE.wire())
                .writeInt(export.device().info().minimumBlockBytes())
                .writeInt(export.device().info().preferredBlockBytes())
                .writeInt(export.device().info().maximumPayloadBytes());
    }

    /** Writes the whole reply to NBD_OPT_EXPORT_NAME, which has no reply header. */
    void exportName(Session session, boolean noZeroes) {
        sizeAndFlags(session, session.transmissionFlags());
        if (!noZeroes) {
            out.writeZero(NbdMagic.EXPORT_NAME_ZEROES);
        }
    }

    private void sizeAndFlags(Session session, int flags) {
        out.writeLong(session.export().device().sizeBytes()).writeShort(flags);
    }
}
