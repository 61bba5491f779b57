package org.kiobd.manage.figures;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.kiobd.volume.LatencyFigures;

/**
 * The figures of a served volume at one moment. The server gathers them without stopping its loops, so they are not a snapshot: parts may
 * differ by a few requests. Immutable.
 *
 * @param totals totals since the volume was opened
 * @param latencies latencies by operation, e.g. {@code READ}; without operations that never came
 * @param clients connected clients, the earliest connection first
 * @param members members, in the order of the volume
 */
public record VolumeFigures(
        VolumeTotals totals,
        Map<String, LatencyFigures> latencies,
        List<ClientFigures> clients,
        List<MemberFigures> members) {
    public VolumeFigures {
        latencies = Collections.unmodifiableMap(new LinkedHashMap<>(latencies));
        clients = List.copyOf(clients);
        members = List.copyOf(members);
    }
}
