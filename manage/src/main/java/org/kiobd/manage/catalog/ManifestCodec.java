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
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.MemberUri;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;

/**
 * Encodes a manifest as JSON that users can read, and decodes it. Members inside the home are written relative to the volume's folder, so
 * that the folder can be renamed, and the home moved or copied as a whole. Stateless.
 */
final class ManifestCodec {
    private static final int FORMAT = 1;
    private static final int MOST_SHOWN = 80;

    private ManifestCodec() {}

    static String encode(VolumeManifest manifest, Path folder, Path home) throws IOException {
        List<String> members = manifest.members().stream()
                .map(uri -> MemberPlaces.encode(uri, folder, home))
                .toList();
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("format", FORMAT);
        json.put("name", manifest.name());
        json.put("uuid", manifest.uuid().toString());
        json.put("sizeBytes", manifest.sizeBytes());
        json.put("chunkBytes", manifest.chunkBytes());
        json.put("layoutId", manifest.layoutId());
        json.put("members", members);
        if (manifest.createdAt() != null) {
            json.put("createdAt", manifest.createdAt().toString());
        }
        return JSON.std.with(JSON.Feature.PRETTY_PRINT_OUTPUT).asString(json) + "\n";
    }

    /**
     * Decodes the manifest in {@code text}; the volume gets the present name of its folder.
     *
     * @throws IOException with a reason, if it is not a manifest
     */
    static VolumeManifest decode(String text, String name, Path folder) throws IOException {
        Map<String, Object> json;
        try {
            json = JSON.std.mapFrom(text);
        } catch (JacksonException | ClassCastException e) {
            throw new IOException("it is not JSON", e);
        }
        if (json == null || number(json, "format") != FORMAT) {
            throw new IOException("format=" + (json == null ? "none" : brief(json.get("format"))) + " is not known");
        }
        List<MemberUri> members = members(json.get("members"), folder);
        long sizeBytes = number(json, "sizeBytes");
        long chunkBytes = number(json, "chunkBytes");
        long layoutId = number(json, "layoutId");
        require(sizeBytes >= 1, json, "sizeBytes");
        require(chunkBytes >= 1 && chunkBytes <= Long.MAX_VALUE / members.size(), json, "chunkBytes");
        require(layoutId >= 0 && layoutId <= Integer.MAX_VALUE, json, "layoutId");
        try {
            UUID uuid = UUID.fromString(String.valueOf(json.get("uuid")));
            return new VolumeManifest(
                    name, uuid, sizeBytes, chunkBytes, (int) layoutId, members, time(json.get("createdAt")));
        } catch (IllegalArgumentException e) {
            throw new IOException("uuid=" + brief(json.get("uuid")) + " is none", e);
        }
    }

    private static @Nullable Instant time(@Nullable Object value) throws IOException {
        try {
            return value == null ? null : Instant.parse(value.toString());
        } catch (DateTimeParseException e) {
            throw new IOException("createdAt=" + brief(value) + " is no time", e);
        }
    }

    /**
     * Decodes the members.
     *
     * @throws BlockIoException if this process cannot use a member for a reason other than damage of the manifest
     */
    private static List<MemberUri> members(@Nullable Object value, Path folder) throws IOException {
        List<MemberUri> members = new ArrayList<>();
        if (value instanceof List<?> list) {
            for (Object member : list) {
                if (!(member instanceof String text)) {
                    throw new IOException("member=" + brief(member) + " is no text");
                }
                members.add(member(text, folder));
            }
        }
        if (members.isEmpty()) {
            throw new IOException("members=" + brief(value) + " names none");
        }
        return members;
    }

    private static MemberUri member(String text, Path folder) throws IOException {
        try {
            return MemberUri.read(text, folder);
        } catch (BlockIoException e) {
            if (e.error().isDamage()) {
                throw new IOException(brief(e.getMessage()), e);
            }
            throw e;
        }
    }

    private static void require(boolean isSound, Map<String, Object> json, String field) throws IOException {
        if (!isSound) {
            throw new IOException(field + "=" + brief(json.get(field)) + " is out of range");
        }
    }

    /** Returns a value from a manifest, without control characters and short enough for a message. */
    private static String brief(@Nullable Object value) {
        String text = String.valueOf(value).replaceAll("\\p{Cntrl}", "?");
        return text.length() <= MOST_SHOWN ? text : text.substring(0, MOST_SHOWN) + "...";
    }

    /** Returns the whole number in {@code field}; -1, which is invalid in every field, if there is none. */
    private static long number(Map<String, Object> json, String field) {
        Object value = json.get(field);
        return value instanceof Integer || value instanceof Long ? ((Number) value).longValue() : -1;
    }
}
