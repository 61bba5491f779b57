package org.kiobd.nbd.handshake;

import io.netty.buffer.ByteBuf;
import org.kiobd.nbd.protocol.NbdOption;

/**
 * An option of the client with its data.
 *
 * @param number the option number, as sent by the client
 * @param data exactly the data of the option, borrowed; the option handler reads them
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
