package org.kiobd.manage.catalog;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The server of a volume.
 *
 * @param pid its process id
 * @param controlSocket path of the socket on which it answers questions
 * @param uris NBD URIs of the volume at its addresses, in their order; none if an older version wrote it
 */
public record ServerState(long pid, Path controlSocket, List<String> uris) {
    public ServerState {
        uris = List.copyOf(uris);
    }

    String encode() throws IOException {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("pid", pid);
        json.put("controlSocket", controlSocket.toString());
        json.put("uris", uris);
        return JSON.std.asString(json) + "\n";
    }

    static ServerState decode(String text) throws IOException {
        Map<String, Object> json;
        try {
            json = JSON.std.mapFrom(text);
        } catch (ClassCastException e) {
            throw new IOException("it is not the state of a server", e);
        }
        if (json != null
                && json.get("pid") instanceof Number pid
                && json.get("controlSocket") instanceof String socket) {
            try {
                return new ServerState(pid.longValue(), Path.of(socket), texts(json.get("uris")));
            } catch (InvalidPathException e) {
                throw new IOException("not a socket's path: " + e.getReason(), e);
            }
        }
        throw new IOException("it is not the state of a server");
    }

    private static List<String> texts(@Nullable Object list) {
        List<String> texts = new ArrayList<>();
        if (list instanceof List<?> all) {
            all.forEach(one -> texts.add(String.valueOf(one)));
        }
        return texts;
    }
}
