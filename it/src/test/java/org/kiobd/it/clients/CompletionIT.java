package org.kiobd.it.clients;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kiobd.it.kit.InProcessServer;
import org.kiobd.nbd.testkit.RawNbdClient;
import org.kiobd.volume.kiobuf.Completion;
import org.kiobd.volume.loop.IoEngine;

/**
 * Each original is answered on its own, seen from the socket: 1 MiB of 4 KiB requests goes out in one write, merges, and is split over
 * four members of which one is in trouble. The requests begin 2 KiB into the volume, so that some lie across two members.
 */
@Timeout(60)
final class CompletionIT {
    private static final int MEMBERS = 4;
    private static final int CHUNK = 64 << 10;
    private static final int REQUEST = 4096;
    private static final int REQUESTS = 256;
    private static final long START = 2048;
    private static final int TROUBLED = 2;

    @TempDir
    private Path folder;

    /** A reply, and when it was there. */
    private record Answer(int request, int error, long afterNanos) {
        boolean isTroubled() {
            return member(START + (long) request * REQUEST) == TROUBLED
                    || member(START + (long) (request + 1) * REQUEST - 1) == TROUBLED;
        }

        private static int member(long offset) {
            return (int) (offset / CHUNK % MEMBERS);
        }
    }

    @ParameterizedTest
    @CsvSource({"IO_URING,true", "IO_URING,false", "EPOLL,true", "EPOLL,false"})
    void rule2_originalsOffASlowMemberAreAnsweredFirst(IoEngine engine, boolean write) throws IOException {
        List<Answer> answers = answers(engine, write, "slow:");
        assertThat(answers).allMatch(answer -> answer.error() == 0);
        int lastOff = lastIndex(answers, answer -> !answer.isTroubled());
        int firstOn = answers.size() - 1 - lastIndex(reversed(answers), Answer::isTroubled);
        assertThat(lastOff).as("place of the last reply off the slow member").isLessThan(firstOn);
        long slowNanos = TroubledStoreProvider.DELAY_MS * 1_000_000L;
        assertThat(answers.get(firstOn).afterNanos()).isGreaterThanOrEqualTo(slowNanos);
        assertThat(answers.get(lastOff).afterNanos())
                .isLessThan(answers.get(firstOn).afterNanos());
    }

    @ParameterizedTest
    @CsvSource({"IO_URING,true", "IO_URING,false", "EPOLL,true", "EPOLL,false"})
    void rule3_i8_exactlyTheOriginalsThatTouchAFailingMemberFail(IoEngine engine, boolean write) throws IOException {
        List<Answer> answers = answers(engine, write, "failing:");
        assertThat(answers)
                .allSatisfy(answer -> assertThat(answer.error())
                        .as("%s", answer)
                        .isEqualTo(answer.isTroubled() ? RawNbdClient.EIO : 0));
        assertThat(answers.stream().filter(Answer::isTroubled)).hasSizeGreaterThan(REQUESTS / MEMBERS);
    }

    private static int lastIndex(List<Answer> answers, Predicate<Answer> which) {
        for (int i = answers.size() - 1; i >= 0; i--) {
            if (which.test(answers.get(i))) {
                return i;
            }
        }
        throw new AssertionError("no such reply");
    }

    private static List<Answer> reversed(List<Answer> answers) {
        List<Answer> reversed = new ArrayList<>(answers);
        java.util.Collections.reverse(reversed);
        return reversed;
    }

    private List<Answer> answers(IoEngine engine, boolean write, String trouble) throws IOException {
        List<String> members = new ArrayList<>();
        for (int i = 0; i < MEMBERS; i++) {
            members.add((i == TROUBLED ? trouble : "") + "file:" + folder.resolve("m" + i + ".img"));
        }
        long secondCompletions = Completion.secondCompletions();
        try (InProcessServer server = new InProcessServer(engine, folder.resolve("s"), CHUNK, members);
                RawNbdClient client = RawNbdClient.attach(URI.create(server.uri()))) {
            List<Answer> answers = exchange(client, write);
            assertThat(server.counters().memberOps())
                    .as("merged before it was split: a chain or a few, not a request each")
                    .isLessThan(REQUESTS / 2);
            server.closeAndRequireFullPool();
            assertThat(Completion.secondCompletions()).isEqualTo(secondCompletions);
            return answers;
        }
    }

    private static List<Answer> exchange(RawNbdClient client, boolean write) throws IOException {
        ByteBuffer batch = ByteBuffer.allocateDirect(REQUESTS * (RawNbdClient.REQUEST_BYTES + REQUEST));
        for (int i = 0; i < REQUESTS; i++) {
            int command = write ? RawNbdClient.WRITE : RawNbdClient.READ;
            RawNbdClient.putRequest(batch, command, i, START + (long) i * REQUEST, REQUEST);
            if (write) {
                batch.put(new byte[REQUEST]);
            }
        }
        long sent = System.nanoTime();
        client.send(batch.flip());
        List<Answer> answers = new ArrayList<>();
        for (int i = 0; i < REQUESTS; i++) {
            RawNbdClient.Reply reply = client.readReply();
            answers.add(new Answer((int) reply.cookie(), reply.errno(), System.nanoTime() - sent));
            if (!write && reply.errno() == 0) {
                client.receive(REQUEST);
            }
        }
        assertThat(answers.stream().map(Answer::request).distinct())
                .as("one reply each")
                .hasSize(REQUESTS);
        return answers;
    }
}
