package org.kiobd.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.kiobd.manage.Health;
import org.kiobd.manage.VolumeEntry;
import org.kiobd.manage.catalog.ServerState;
import org.kiobd.raid.Finding;
import org.kiobd.store.MemberUri;
import org.kiobd.store.format.VolumeManifest;

/** Formats volumes and findings as text and as JSON. Stateless. */
final class Answers {
    private Answers() {}

    static Map<String, Object> json(VolumeManifest manifest) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("volume", manifest.name());
        json.put("uuid", manifest.uuid().toString());
        json.put("sizeBytes", manifest.sizeBytes());
        json.put("chunkBytes", manifest.chunkBytes());
        json.put("members", manifest.members().stream().map(MemberUri::toString).toList());
        if (manifest.createdAt() != null) {
            json.put("createdAt", manifest.createdAt().toString());
        }
        return json;
    }

    /** Returns the JSON of an entry in a list of volumes. */
    static Map<String, Object> json(VolumeEntry entry) {
        Map<String, Object> json = new LinkedHashMap<>();
        if (entry.manifest() == null) {
            json.put("volume", entry.name());
        } else {
            json.putAll(json(entry.manifest()));
            json.put("usedBytes", entry.usedBytes());
        }
        addState(json, entry.health(), entry.server());
        return json;
    }

    /** Adds the state of a volume, and the process that serves it, if any. */
    static void addState(Map<String, Object> json, Health health, @Nullable ServerState server) {
        health.addTo(json);
        if (server != null) {
            json.put("pid", server.pid());
        }
    }

    /** Returns a number of members in words. */
    static String members(int count) {
        return count + (count == 1 ? " member" : " members");
    }

    /** Returns one line that says what was done to which volume. */
    static String line(String verb, VolumeManifest manifest) {
        return verb + " " + manifest.name() + ": " + Sizes.format(manifest.sizeBytes()) + " over "
                + members(manifest.members().size()) + ", chunk " + Sizes.format(manifest.chunkBytes());
    }

    static Map<String, Object> json(Finding finding) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("severity", word(finding));
        json.put("member", finding.member());
        json.put("text", finding.text());
        return json;
    }

    /** Returns one line that says what was found, and where. */
    static String line(Finding finding) {
        String where = finding.member() < 0 ? "volume" : "member " + finding.member();
        String word = finding.severity() == Finding.Severity.UNKNOWN ? "cannot look" : word(finding);
        return word + ": " + where + ": " + finding.text();
    }

    private static String word(Finding finding) {
        return finding.severity().toString().toLowerCase(Locale.ROOT);
    }

    /** Returns a table: a head and rows with aligned columns, without trailing spaces. */
    static String table(List<String> head, List<List<String>> rows) {
        int[] widths = new int[head.size()];
        widen(widths, head);
        rows.forEach(row -> widen(widths, row));
        StringBuilder text = new StringBuilder();
        appendRow(text, widths, head);
        for (List<String> row : rows) {
            text.append('\n');
            appendRow(text, widths, row);
        }
        return text.toString();
    }

    private static void widen(int[] widths, List<String> row) {
        for (int i = 0; i < widths.length; i++) {
            widths[i] = Math.max(widths[i], row.get(i).length());
        }
    }

    private static void appendRow(StringBuilder text, int[] widths, List<String> row) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < widths.length; i++) {
            line.append(row.get(i)).append(" ".repeat(widths[i] - row.get(i).length() + 2));
        }
        text.append(line.toString().stripTrailing());
    }
}
