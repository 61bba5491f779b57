package org.kiobd.attach;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.kiobd.nbd.client.ExportInfo;

/**
 * What a device is, whatever its name and its server's address: the kernel keeps the text with the device and refuses a new connection that
 * names another one. A kiobd volume is known by its UUID, which its server says in the description of the export; another server's export by
 * its name. Immutable.
 *
 * @param text e.g. {@code kiobd:6f1c0f4e-...}, {@code kiobd:6f1c0f4e-...@monday} or {@code nbd:disk}
 */
public record Identity(String text) {
    /** How the description of an export begins; see docs/NBD.md. */
    private static final Pattern KIOBD =
            Pattern.compile("kiobd volume ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(@[A-Za-z0-9._-]+)?(?:,.*)?");

    private static final String PREFIX = "kiobd:";
    private static final String NAMED = "nbd:";

    /** Returns the identity of an export. */
    public static Identity of(ExportInfo export) {
        Matcher matcher = KIOBD.matcher(export.description());
        if (!matcher.matches()) {
            return new Identity(NAMED + export.name());
        }
        String snapshot = Optional.ofNullable(matcher.group(2)).orElse("");
        return new Identity(PREFIX + matcher.group(1) + snapshot);
    }

    /** Returns whether no other export has it. Otherwise it is a name, which exports of other servers may have, too. */
    boolean isUnique() {
        return text.startsWith(PREFIX);
    }

    /** Returns whether a text that the kernel keeps with a device is such an identity. */
    static boolean isOne(String text) {
        return text.startsWith(PREFIX) || text.startsWith(NAMED);
    }

    @Override
    public String toString() {
        return text;
    }
}
