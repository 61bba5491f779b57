package org.kiobd.nbd.client;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.kiobd.nbd.protocol.NbdRep;

/** One reply of the server to an option. Immutable: nobody may change the bytes of {@code payload}. */
@SuppressWarnings("ArrayRecordComponent") // replies are never compared
record OptionReply(int type, byte[] payload) {
    boolean is(NbdRep expected) {
        return type == expected.wire();
    }

    boolean isError() {
        return NbdRep.isError(type);
    }

    /** Returns whether this is the last reply to an option. */
    boolean isLast() {
        return isError() || is(NbdRep.ACK);
    }

    /** Returns a view of the payload for reading; it needs no release. */
    ByteBuf bytes() {
        return Unpooled.wrappedBuffer(payload);
    }

    /** Returns the payload from byte {@code from} on as a string. */
    String text(int from) {
        return new String(payload, from, payload.length - from, StandardCharsets.UTF_8);
    }
}
