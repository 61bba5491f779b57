package org.kiobd.nbd.protocol;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.nio.charset.StandardCharsets;

/** Strings on the wire: UTF-8 without a terminator, at most {@link NbdMagic#MAX_STRING_BYTES} long. */
public final class NbdText {
    private NbdText() {}

    public static int lengthBytes(String text) {
        return ByteBufUtil.utf8Bytes(text);
    }

    /** Appends {@code text} to {@code out}. Borrows {@code out}. */
    public static void write(ByteBuf out, String text) {
        out.writeCharSequence(text, StandardCharsets.UTF_8);
    }

    /** Reads a string of {@code lengthBytes} bytes, all of which must be readable. Borrows {@code in}. */
    public static String read(ByteBuf in, int lengthBytes) {
        return in.readCharSequence(lengthBytes, StandardCharsets.UTF_8).toString();
    }

    /**
     * Returns {@code text} in a form that is safe in a log line: control and format characters, surrogates and line separators become
     * question marks, and a long text is truncated.
     */
    public static String printable(String text) {
        String cut = text.length() > 64 ? text.substring(0, 64) + "..." : text;
        return cut.replaceAll("[\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}]", "?");
    }
}
