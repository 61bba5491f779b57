package org.kiobd.nbd;

import java.util.List;
import java.util.Map;

/**
 * One connection, as it stands.
 *
 * @param peer its address, or "unix"
 * @param session what was agreed on
 * @param ageMs since it was let in
 * @param idleMs since its last request
 * @param requests received so far, by command
 * @param readBytes bytes read and answered
 * @param writtenBytes bytes written and answered
 * @param errors requests answered with an error
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

    /** All requests. */
    public long requestsTotal() {
        return requests.values().stream().mapToLong(Long::longValue).sum();
    }

    /** The names of its contexts. */
    public List<String> contexts() {
        return session.contexts().stream().map(MetaContext::wireName).toList();
    }
}
