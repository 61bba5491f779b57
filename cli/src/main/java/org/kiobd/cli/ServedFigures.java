package org.kiobd.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.kiobd.manage.figures.ClientFigures;
import org.kiobd.manage.figures.ConnectionTotals;
import org.kiobd.manage.figures.MemberFigures;
import org.kiobd.manage.figures.RequestTotals;
import org.kiobd.manage.figures.VolumeFigures;
import org.kiobd.manage.figures.VolumeTotals;
import org.kiobd.nbd.ConnectionFigures;
import org.kiobd.nbd.Export;
import org.kiobd.nbd.ExportFigures;
import org.kiobd.nbd.Session;
import org.kiobd.raid.Volume;
import org.kiobd.store.CacheMode;
import org.kiobd.store.MemberStore;
import org.kiobd.volume.DeviceCounters.MemberCounters;
import org.kiobd.volume.LatencyFigures;
import org.kiobd.volume.loop.IoEngine;

/** Gathers the figures of a served volume from its device, its export and its server, which it borrows. Any thread. */
final class ServedFigures {
    private final Volume device;
    private final Export export;
    private final ServerParts server;

    /**
     * The properties of the server that the figures of each volume include.
     *
     * @param refusedConnections counts the clients that the limits of the server have refused
     */
    record ServerParts(IoEngine engine, CacheMode cache, LongSupplier refusedConnections) {}

    ServedFigures(Volume device, Export export, ServerParts server) {
        this.device = device;
        this.export = export;
        this.server = server;
    }

    /** Returns the totals, also after the volume is closed. */
    VolumeTotals totals() {
        ExportFigures nbd = export.figures();
        long submittedOps =
                device.members().stream().mapToLong(MemberStore::submittedOps).sum();
        return new VolumeTotals(
                export.name(),
                RequestTotals.of(device.counters(), submittedOps, nbd.errors()),
                new ConnectionTotals(
                        nbd.connections(),
                        nbd.connectionsTotal(),
                        server.refusedConnections().getAsLong()),
                device.sizeBytes(),
                server.engine().toString(),
                server.cache().toString());
    }

    /** Returns all figures. Called while the volume is open. */
    VolumeFigures all() {
        Map<String, LatencyFigures> latencies = new LinkedHashMap<>();
        export.latencies().forEach((op, latency) -> latencies.put(op.name(), latency));
        return new VolumeFigures(
                totals(),
                latencies,
                export.connections().stream().map(ServedFigures::client).toList(),
                members());
    }

    private List<MemberFigures> members() {
        List<MemberFigures> members = new ArrayList<>();
        List<MemberCounters> counters = device.counters().members();
        for (int i = 0; i < counters.size(); i++) {
            members.add(new MemberFigures(
                    i, counters.get(i), device.members().get(i).figures()));
        }
        return members;
    }

    private static ClientFigures client(ConnectionFigures connection) {
        Session session = connection.session();
        String tls = session.security() == null ? "" : session.security().toString();
        return new ClientFigures(
                connection.peer(),
                new ClientFigures.Session(session.style().toString(), connection.contexts(), tls),
                connection.ageMs(),
                connection.idleMs(),
                connection.requests(),
                connection.readBytes(),
                connection.writtenBytes(),
                connection.errors(),
                connection.inFlight());
    }
}
