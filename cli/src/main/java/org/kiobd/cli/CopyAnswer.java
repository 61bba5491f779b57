package org.kiobd.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import org.kiobd.manage.image.VolumeCopy.Copied;

/** Prints the answer of {@code import}, {@code export} and {@code copy}. Stateless. */
final class CopyAnswer {
    private CopyAnswer() {}

    /** Reports that the copy is complete and has its final name. */
    static void answer(CommonOptions common, String verb, String from, String to, Copied copied) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("from", from);
        json.put("to", to);
        json.put("sizeBytes", copied.sizeBytes());
        json.put("dataBytes", copied.dataBytes());
        json.put("verified", copied.verified());
        common.answer(
                verb + " " + from + " to " + to + ": " + Sizes.format(copied.sizeBytes()) + ", "
                        + Sizes.format(copied.dataBytes()) + " of it data"
                        + (copied.verified() ? ", verified" : ""),
                json);
    }
}
