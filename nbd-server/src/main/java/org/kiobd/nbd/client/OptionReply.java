package org.kiobd.nbd.client;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.kiobd.nbd.protocol.NbdRep;

/** One reply of the server to an option. Immutable: the bytes are nobody's to change. */
@SuppressWarnings("ArrayRecordComponent") // never compared
record OptionReply(int type, byte[] payload) {
    boolean is(NbdRep expected) {
        return type == expected.wire();
    }

    boolean isError() {
        return NbdRep.isError(type);
    }

    /** Ends the replies to an option. */
    boolean isLast() {
        return isError() || is(NbdRep.ACK);
    }

    /** A view for reading; needs no release. */
    ByteBuf bytes() {
        return Unpooled.wrappedBuffer(payload);
    }

    /** The bytes from {@code from} on as a string. */
    String text(int from) {
        return new String(payload, from, payload.length - from, StandardCharsets.UTF_8);
    }
}
