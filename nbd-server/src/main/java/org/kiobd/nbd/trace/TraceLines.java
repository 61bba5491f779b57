package org.kiobd.nbd.trace;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.MinimalPrettyPrinter;
import java.io.IOException;
import java.io.Writer;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.BitSet;
import java.util.Locale;
import java.util.StringJoiner;
import org.kiobd.volume.BlockDevice;
import org.kiobd.volume.MemberRun;
import org.kiobd.volume.kiobuf.Kiobuf;

/**
 * Writes the lines of a trace: each is one JSON object (RFC 8259) with its members in a fixed order, so that people can read down a column.
 * Owned and used by the thread of the trace.
 */
final class TraceLines {
    /** The first characters of every line. */
    static final String BEGINNING = "{\"time\":\"";

    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern(
                    "yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'", Locale.ROOT)
            .withZone(ZoneOffset.UTC);

    /** Limit of the work for a request over a very large range; beyond it, only the members found so far are listed. */
    private static final int MOST_RUNS = 4096;

    private final JsonGenerator json;
    private final Instant startTime;
    private final long startNanos;

    /**
     * Borrows {@code out}.
     *
     * @param startNanos reading of {@link System#nanoTime} at {@code startTime}
     */
    TraceLines(Writer out, Instant startTime, long startNanos) throws IOException {
        this.json = new JsonFactory().createGenerator(out).setPrettyPrinter(new MinimalPrettyPrinter(""));
        this.startTime = startTime;
        this.startNanos = startNanos;
    }

    /** Writes the line of a request. */
    void write(TracedRequest request) throws IOException {
        json.writeStartObject();
        json.writeStringField("time", time(request.receivedNanos));
        json.writeStringField("export", request.session().export());
        json.writeStringField("client", request.session().peer());
        json.writeStringField("op", request.op.name());
        json.writeStringField("flags", flags(request.flags));
        json.writeNumberField("offsetBytes", request.offsetBytes);
        json.writeNumberField("lengthBytes", request.lengthBytes);
        stage("queuedMicros", request, request.queuedNanos);
        stage("issuedMicros", request, request.issuedNanos);
        stage("doneMicros", request, request.doneNanos);
        stage("repliedMicros", request, request.repliedNanos);
        json.writeNumberField("chain", request.chainRequests);
        writeMembers(request);
        json.writeBooleanField("part", request.isPart);
        if (request.error == null) {
            json.writeNullField("error");
        } else {
            json.writeStringField("error", request.error.name());
        }
        json.writeEndObject();
        json.writeRaw('\n');
    }

    /** Writes the line that says how many requests have no line of their own. */
    void writeOmitted(long requests, long nowNanos) throws IOException {
        json.writeStartObject();
        json.writeStringField("time", time(nowNanos));
        json.writeNumberField("omittedRequests", requests);
        json.writeEndObject();
        json.writeRaw('\n');
    }

    /** Flushes the lines to the file. */
    void flush() throws IOException {
        json.flush();
    }

    private String time(long nanos) {
        return TIME.format(startTime.plusNanos(nanos - startNanos));
    }

    private void stage(String name, TracedRequest request, long nanos) throws IOException {
        if (nanos == 0) {
            json.writeNullField(name);
        } else {
            long tenths = Math.round((nanos - request.receivedNanos) / 100.0);
            json.writeNumberField(name, BigDecimal.valueOf(tenths, 1));
        }
    }

    private static String flags(int flags) {
        StringJoiner names = new StringJoiner("|");
        if ((flags & Kiobuf.FUA) != 0) {
            names.add("FUA");
        }
        if ((flags & Kiobuf.NO_HOLE) != 0) {
            names.add("NO_HOLE");
        }
        if ((flags & Kiobuf.FAST_ZERO) != 0) {
            names.add("FAST_ZERO");
        }
        return names.toString();
    }

    private void writeMembers(TracedRequest request) throws IOException {
        BlockDevice device = request.session().device();
        BitSet members = new BitSet();
        long atBytes = request.offsetBytes;
        long endBytes = request.issuedNanos == 0 ? atBytes : atBytes + request.lengthBytes;
        for (int runs = 0; atBytes < endBytes && runs < MOST_RUNS; runs++) {
            MemberRun run = device.memberRun(atBytes);
            members.set(run.member());
            atBytes += run.lengthBytes();
        }
        json.writeArrayFieldStart("members");
        for (int member = members.nextSetBit(0); member >= 0; member = members.nextSetBit(member + 1)) {
            json.writeNumber(member);
        }
        json.writeEndArray();
    }
}
