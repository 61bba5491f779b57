package org.kiobd.manage.figures;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The figures of one connection. Immutable.
 *
 * @param peer address of the client, or "unix"
 * @param session result of its handshake
 * @param ageMs time since the end of the handshake
 * @param idleMs time since the socket last delivered data
 * @param requests requests received so far, by command; without commands that never came
 * @param readBytes bytes of successful READs
 * @param writtenBytes bytes of successful WRITEs
 * @param errors requests that failed
 * @param inFlight requests that are not answered yet
 */
public record ClientFigures(
        String peer,
        Session session,
        long ageMs,
        long idleMs,
        Map<String, Long> requests,
        long readBytes,
        long writtenBytes,
        long errors,
        long inFlight) {

    /**
     * What client and server agreed on.
     *
     * @param headers SIMPLE, STRUCTURED or EXTENDED
     * @param contexts names of the meta contexts
     * @param tls TLS version and the client's names; empty without TLS
     */
    public record Session(String headers, List<String> contexts, String tls) {
        public Session {
            contexts = List.copyOf(contexts);
        }
    }

    public ClientFigures {
        requests = Collections.unmodifiableMap(new LinkedHashMap<>(requests));
    }

    /** Returns the number of requests of all commands. */
    public long requestsTotal() {
        return requests.values().stream().mapToLong(Long::longValue).sum();
    }
}
