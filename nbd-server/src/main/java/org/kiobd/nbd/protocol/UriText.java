package org.kiobd.nbd.protocol;

import java.nio.charset.StandardCharsets;

/** Encodes names for URIs: RFC 3986, section 2. Stateless. */
public final class UriText {
    /**
     * Characters that need no encoding in the path or query of an NBD URI: the unreserved marks, the slash, and @, which names of snapshots
     * contain.
     */
    private static final String PLAIN = "-._~/@";

    private UriText() {}

    /** Percent-encodes the UTF-8 bytes of {@code text}, except for letters, digits and the characters that need no encoding. */
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
