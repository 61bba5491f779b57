package org.kiobd.nbd.protocol;

import java.nio.charset.StandardCharsets;

/** Names in URIs: RFC 3986, section 2. Stateless. */
public final class UriText {
    /** What means nothing in a path and in a query; and @, which names of snapshots have, where it means nothing either. */
    private static final String PLAIN = "-._~/@";

    private UriText() {}

    /** Percent-encodes the UTF-8 bytes of {@code text}, but for letters, digits and what means nothing in a path or a query. */
    public static String encode(String text) {
        StringBuilder encoded = new StringBuilder(text.length());
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (b & 0xff);
            if (c < 128 && (Character.isLetterOrDigit(c) || PLAIN.indexOf(c) >= 0)) {
                encoded.append(c);
            } else {
                encoded.append('%')
                        .append(Character.toUpperCase(Character.forDigit(c >> 4, 16)))
                        .append(Character.toUpperCase(Character.forDigit(c & 15, 16)));
            }
        }
        return encoded.toString();
    }
}
