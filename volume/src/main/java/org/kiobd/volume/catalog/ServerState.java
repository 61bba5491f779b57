package org.kiobd.volume.catalog;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Who serves a volume.
 *
 * @param pid its process
 * @param controlSocket where it answers questions
 */
public record ServerState(long pid, Path controlSocket) {

    String encode() throws IOException {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("pid", pid);
        json.put("controlSocket", controlSocket.toString());
        return JSON.std.asString(json) + "\n";
    }

    static ServerState decode(String text) throws IOException {
        Map<String, Object> json = JSON.std.mapFrom(text);
        if (json.get("pid") instanceof Number pid && json.get("controlSocket") instanceof String socket) {
            return new ServerState(pid.longValue(), Path.of(socket));
        }
        throw new IOException("not a server's state: " + text);
    }
}
