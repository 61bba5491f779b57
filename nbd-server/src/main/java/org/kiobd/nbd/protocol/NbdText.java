package org.kiobd.nbd.protocol;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.nio.charset.StandardCharsets;

/** Strings on the wire: UTF-8 without an end mark, at most {@link NbdMagic#MAX_STRING_BYTES}. */
public final class NbdText {
    private NbdText() {}

    public static int lengthBytes(String text) {
        return ByteBufUtil.utf8Bytes(text);
    }

    /** Appends {@code text}. Borrows {@code out}. */
    public static void write(ByteBuf out, String text) {
        out.writeCharSequence(text, StandardCharsets.UTF_8);
    }

    /** Reads {@code lengthBytes}, which are there. Borrows {@code in}. */
    public static String read(ByteBuf in, int lengthBytes) {
        return in.readCharSequence(lengthBytes, StandardCharsets.UTF_8).toString();
    }

    /** As it may stand in a log line: what ends or hides a part of a line replaced, cut to a readable length. */
    public static String printable(String text) {
        String cut = text.length() > 64 ? text.substring(0, 64) + "..." : text;
        return cut.replaceAll("[\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}]", "?");
    }
}
