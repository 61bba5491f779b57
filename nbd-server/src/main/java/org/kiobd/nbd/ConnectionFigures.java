package org.kiobd.nbd;

import java.util.List;
import java.util.Map;

/**
 * Figures of one connection at one moment.
 *
 * @param peer address of the client, or "unix"
 * @param session result of the handshake
 * @param ageMs time since the end of the handshake
 * @param idleMs time since the socket last delivered data
 * @param requests requests received so far, by command
 * @param readBytes bytes of successful READs
 * @param writtenBytes bytes of successful WRITEs
 * @param errors requests that failed
 * @param inFlight requests that are not answered yet
 */
public record ConnectionFigures(
        String peer,
        Session session,
        long ageMs,
        long idleMs,
        Map<String, Long> requests,
        long readBytes,
        long writtenBytes,
        long errors,
        int inFlight) {
    public ConnectionFigures {
        requests = Map.copyOf(requests);
    }

    /** Returns the number of requests of all commands. */
    public long requestsTotal() {
        return requests.values().stream().mapToLong(Long::longValue).sum();
    }

    /** Returns the names of the negotiated metadata contexts. */
    public List<String> contexts() {
        return session.contexts().stream().map(MetaContext::wireName).toList();
    }
}
