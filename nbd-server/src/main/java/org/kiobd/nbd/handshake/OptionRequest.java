package org.kiobd.nbd.handshake;

import io.netty.buffer.ByteBuf;
import org.kiobd.nbd.protocol.NbdOption;

/**
 * An option with its data.
 *
 * @param number as the client sent it
 * @param data borrowed, exactly the option's data; read by whoever handles it
 */
record OptionRequest(int number, ByteBuf data) {
    NbdOption option() {
        return NbdOption.fromWire(number);
    }

    @Override
    public String toString() {
        return (option() == NbdOption.UNKNOWN ? "option " + Integer.toUnsignedString(number) : option().toString())
                + " lengthBytes=" + data.readableBytes();
    }
}
