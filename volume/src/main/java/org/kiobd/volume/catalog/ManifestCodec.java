package org.kiobd.volume.catalog;

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
import org.kiobd.volume.format.VolumeManifest;
import org.kiobd.volume.store.MemberUri;

/**
 * A manifest as JSON, made for people to read. Members inside the home are written relative to the volume's folder, so that the folder can be
 * renamed and the home moved or copied as a whole. Stateless.
 */
final class ManifestCodec {
    private static final int FORMAT = 1;

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
     * The manifest in {@code text}, under the name its folder has now.
     *
     * @throws IOException with a reason, if it is no manifest
     */
    static VolumeManifest decode(String text, String name, Path folder) throws IOException {
        Map<String, Object> json;
        try {
            json = JSON.std.mapFrom(text);
        } catch (JacksonException e) {
            throw new IOException("it is not JSON", e);
        }
        if (json == null || number(json.get("format")) != FORMAT) {
            throw new IOException("format=" + (json == null ? "none" : json.get("format")) + " is not known");
        }
        List<MemberUri> members = new ArrayList<>();
        if (json.get("members") instanceof List<?> list) {
            for (Object member : list) {
                members.add(MemberPlaces.decode(String.valueOf(member), folder));
            }
        }
        long sizeBytes = number(json.get("sizeBytes"));
        long chunkBytes = number(json.get("chunkBytes"));
        if (members.isEmpty() || sizeBytes < 1 || chunkBytes < 1) {
            throw new IOException("a field is missing or out of range");
        }
        try {
            UUID uuid = UUID.fromString(String.valueOf(json.get("uuid")));
            return new VolumeManifest(
                    name,
                    uuid,
                    sizeBytes,
                    chunkBytes,
                    (int) number(json.get("layoutId")),
                    members,
                    time(json.get("createdAt")));
        } catch (IllegalArgumentException e) {
            throw new IOException("uuid=" + json.get("uuid") + " is none", e);
        }
    }

    private static @Nullable Instant time(@Nullable Object value) throws IOException {
        try {
            return value == null ? null : Instant.parse(value.toString());
        } catch (DateTimeParseException e) {
            throw new IOException("createdAt=" + value + " is no time", e);
        }
    }

    private static long number(@Nullable Object value) {
        return value instanceof Number number ? number.longValue() : -1;
    }
}
