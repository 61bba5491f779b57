package org.kiobd.manage.catalog;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.MemberUri;

/** Encodes a {@link Change} as JSON, and decodes it. Stateless. */
final class ChangeCodec {
    private static final int FORMAT = 1;

    private ChangeCodec() {}

    static String encode(Change change, Path folder, Path home) throws IOException {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("format", FORMAT);
        json.put("operation", change.operation().word());
        json.put("id", change.id().toString());
        if (change.source() != null) {
            json.put("source", change.source());
        }
        json.put("startedAt", change.start().at().toString());
        json.put("home", change.start().home().path().toString());
        json.put("homeInode", change.start().home().inode());
        if (change.brokenImport() != null) {
            json.put("brokenImport", change.brokenImport());
        }
        json.put(
                "makes",
                change.makes().stream()
                        .map(uri -> MemberPlaces.encode(uri, folder, home))
                        .toList());
        List<Map<String, Object>> replaces = new ArrayList<>();
        for (Change.Replaced replaced : change.replaces()) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("member", MemberPlaces.encode(replaced.uri(), folder, home));
            if (replaced.identity() != null) {
                one.put("volume", replaced.identity().volumeUuid().toString());
                one.put("madeBy", replaced.identity().madeBy().toString());
            }
            replaces.add(one);
        }
        json.put("replaces", replaces);
        return JSON.std.with(JSON.Feature.PRETTY_PRINT_OUTPUT).asString(json) + "\n";
    }

    /**
     * Decodes a record.
     *
     * @throws IOException with a reason, if {@code text} is not the record of a change
     */
    static Change decode(String text, Path folder) throws IOException {
        try {
            Map<String, Object> json = JSON.std.mapFrom(text);
            if (json == null
                    || !(json.get("format") instanceof Number format)
                    || format.intValue() != FORMAT
                    || !(json.get("homeInode") instanceof Number inode)) {
                throw new IOException("its format is not known");
            }
            List<MemberUri> makes = new ArrayList<>();
            for (Object one : list(json.get("makes"))) {
                makes.add(MemberPlaces.decode(text(one), folder));
            }
            List<Change.Replaced> replaces = new ArrayList<>();
            for (Object one : list(json.get("replaces"))) {
                replaces.add(replaced(one, folder));
            }
            return new Change(
                    Change.Operation.valueOf(text(json.get("operation")).toUpperCase(Locale.ROOT)),
                    UUID.fromString(text(json.get("id"))),
                    json.get("source") instanceof String from ? from : null,
                    new Change.Start(
                            Instant.parse(text(json.get("startedAt"))),
                            new Change.HomePlace(Path.of(text(json.get("home"))), inode.longValue())),
                    json.get("brokenImport") instanceof String source ? source : null,
                    makes,
                    replaces);
        } catch (JacksonException e) {
            throw new IOException("it is not JSON", e);
        } catch (IllegalArgumentException | DateTimeParseException e) {
            // InvalidPathException is an IllegalArgumentException.
            throw new IOException("a field is missing or out of range", e);
        }
    }

    private static Change.Replaced replaced(Object one, Path folder) throws IOException {
        if (!(one instanceof Map<?, ?> map)) {
            throw new IOException("a field is missing or out of range");
        }
        MemberUri uri = MemberPlaces.decode(text(map.get("member")), folder);
        return map.get("volume") == null
                ? new Change.Replaced(uri, null)
                : new Change.Replaced(
                        uri,
                        new MemberIdentity(
                                UUID.fromString(text(map.get("volume"))), UUID.fromString(text(map.get("madeBy")))));
    }

    private static List<?> list(@Nullable Object value) throws IOException {
        if (value instanceof List<?> list) {
            return list;
        }
        throw new IOException("a field is missing or out of range");
    }

    private static String text(@Nullable Object value) throws IOException {
        if (value instanceof String text) {
            return text;
        }
        throw new IOException("a field is missing or out of range");
    }
}
