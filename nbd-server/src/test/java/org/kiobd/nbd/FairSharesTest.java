package org.kiobd.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kiobd.nbd.testkit.RawNbdClient.READ;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kiobd.nbd.testkit.MemoryDevice;
import org.kiobd.nbd.testkit.RawNbdClient;
import org.kiobd.nbd.testkit.RawNbdClient.Request;
import org.kiobd.nbd.testkit.RunningServer;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.testkit.LeakCheck;
import org.kiobd.volume.testkit.Seeded;
import org.slf4j.LoggerFactory;

/**
 * Clients that hold all the memory they can get, beside one that wants requests of every size answered: no timeout helps it here, for
 * they are never cut off. Behind each test all memory is back and the server has logged no error.
 */
@Tag("one-lane")
@ExtendWith(LeakCheck.class)
@Timeout(120)
final class FairSharesTest {
    private static final int MIB = 1 << 20;
    private static final int LARGEST = 32 * MIB;
    private static final NbdLimits LIMITS = NbdLimits.DEFAULT.toBuilder()
            .handshakeTimeoutMs(60_000)
            .maxConnectionsPerAddress(1024)
            .closeTimeoutMs(600_000)
            .build();

    private final List<RawNbdClient> attackers = new ArrayList<>();
    private final List<String> errors = new CopyOnWriteArrayList<>();
    private final AppenderBase<ILoggingEvent> appender = new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
            if (event.getLevel().isGreaterOrEqual(Level.ERROR)) {
                errors.add(event.getFormattedMessage());
            }
        }
    };

    private static Logger logger() {
        return (Logger) LoggerFactory.getLogger("org.kiobd");
    }

    @BeforeEach
    void listenToTheLog() {
        appender.setContext(logger().getLoggerContext());
        appender.start();
        logger().addAppender(appender);
    }

    @AfterEach
    void nothingWasLogged() {
        logger().detachAppender(appender);
        assertThat(errors).isEmpty();
    }

    private static URI either(RunningServer running, int which) {
        return which % 2 == 0 ? running.tcp() : running.unix();
    }

    private RawNbdClient attacker(RunningServer running) throws IOException {
        RawNbdClient client = RawNbdClient.attach(either(running, attackers.size()));
        attackers.add(client);
        return client;
    }

    /** Asks for much and takes nothing. */
    private static void readAndStall(RawNbdClient client, int count, int bytesEach) throws IOException {
        Request[] reads = new Request[count];
        for (int i = 0; i < count; i++) {
            reads[i] = Request.of(READ, i, 0, bytesEach);
        }
        client.send(reads);
    }

    /** A WRITE of which {@code sentBytes} come and then nothing; more than a socket holds is sent by a thread, which the end of its socket ends. */
    private static void writeAndStall(RawNbdClient client, int bytes, int sentBytes) throws IOException {
        byte[] half = Arrays.copyOf(Request.write(1, 0, new byte[bytes]).bytes(), 28 + sentBytes);
        if (half.length <= 64 << 10) {
            client.send(half);
            return;
        }
        Thread sender = new Thread(() -> {
            try {
                client.send(half);
            } catch (IOException e) {
                // The test is over.
            }
        });
        sender.setDaemon(true);
        sender.start();
    }

    private static void untilMemoryIsShort(RunningServer running) {
        long before = running.pool().refusals();
        while (running.pool().refusals() == before) {
            Thread.onSpinWait();
        }
    }

    private static byte[] pattern(long seed, int bytes) {
        byte[] content = new byte[bytes];
        new Random(seed).nextBytes(content);
        return content;
    }

    /** Requests of every size, in the upper half of the device, which no attacker touches. */
    private static void behaveWell(RunningServer running) throws IOException {
        for (int which = 0; which < 2; which++) {
            try (RawNbdClient client = RawNbdClient.attach(either(running, which))) {
                int cookie = 0;
                for (int bytes : new int[] {4096, 1, 65_536, 65_537, 512, MIB, 4096, 5 * MIB + 3, LARGEST, 4096}) {
                    byte[] content = pattern(bytes, bytes);
                    assertThat(client.call(Request.write(cookie++, LARGEST, content))
                                    .errno())
                            .isZero();
                    assertThat(client.call(Request.of(READ, cookie++, LARGEST, bytes))
                                    .data())
                            .isEqualTo(content);
                }
                assertThat(running.pool().reservedBytes())
                        .isLessThan(running.pool().capacityBytes());
            }
        }
    }

    private void play(IoEngine engine, Attack attack) throws IOException {
        try (RunningServer running = new RunningServer(engine, 2, new MemoryDevice(2 * LARGEST), LIMITS)) {
            try {
                attack.on(running);
                behaveWell(running);
            } finally {
                for (RawNbdClient client : attackers) {
                    client.close();
                }
            }
        }
    }

    private interface Attack {
        void on(RunningServer running) throws IOException;
    }

    @ParameterizedTest
    @EnumSource
    void besideSomeThatAskForMuchAndReadNothing(IoEngine engine) throws IOException {
        play(engine, running -> {
            for (int i = 0; i < 6; i++) {
                readAndStall(attacker(running), 110, MIB);
            }
            untilMemoryIsShort(running);
        });
    }

    @ParameterizedTest
    @EnumSource
    void besideManyThatAskForTheLargestAndReadNothing(IoEngine engine) throws IOException {
        play(engine, running -> {
            for (int i = 0; i < 40; i++) {
                readAndStall(attacker(running), 4, i % 3 == 0 ? LARGEST : 3 * MIB);
            }
            untilMemoryIsShort(running);
        });
    }

    @ParameterizedTest
    @EnumSource
    void besideManyThatStopInTheMiddleOfAWrite(IoEngine engine) throws IOException {
        play(engine, running -> {
            for (int i = 0; i < 48; i++) {
                int bytes = i % 2 == 0 ? LARGEST : MIB;
                writeAndStall(attacker(running), bytes, bytes / 2);
            }
            untilMemoryIsShort(running);
        });
    }

    @ParameterizedTest
    @EnumSource
    void besideThoseThatHangUpInTheMiddleOfAWrite(IoEngine engine) throws IOException {
        play(engine, running -> {
            for (int i = 0; i < 20; i++) {
                readAndStall(attacker(running), 60, MIB);
            }
            untilMemoryIsShort(running);
            for (int i = 0; i < 200; i++) {
                try (RawNbdClient client = RawNbdClient.attach(either(running, i))) {
                    int bytes = i % 3 == 0 ? LARGEST : MIB;
                    byte[] begun =
                            Arrays.copyOf(Request.write(1, 0, new byte[bytes]).bytes(), 28 + 1000 * (i % 60));
                    readAndStall(client, i % 4, 100_000);
                    client.send(begun);
                }
            }
        });
    }

    @Seeded(rounds = 2)
    void besideAnyMixture(Random random) throws IOException {
        List<IoEngine> engines = List.of(IoEngine.values());
        IoEngine engine = engines.get(random.nextInt(engines.size()));
        play(engine, running -> {
            int count = 10 + random.nextInt(100);
            for (int i = 0; i < count; i++) {
                int bytes = 1 + random.nextInt(random.nextBoolean() ? 64 << 10 : random.nextBoolean() ? MIB : LARGEST);
                switch (random.nextInt(5)) {
                    case 0, 1 -> readAndStall(attacker(running), 1 + random.nextInt(100), bytes);
                    case 2 -> writeAndStall(attacker(running), bytes, Math.min(random.nextInt(bytes), 4 * MIB));
                    case 3 -> {
                        readAndStall(attacker(running), 1 + random.nextInt(5), 1 + random.nextInt(4096));
                        writeAndStall(attackers.get(attackers.size() - 1), bytes, Math.min(bytes, 3000));
                    }
                    default -> {
                        try (RawNbdClient client = RawNbdClient.attach(either(running, i))) {
                            readAndStall(client, random.nextInt(20), bytes);
                            writeAndStall(client, bytes, random.nextInt(Math.min(bytes, 30_000)));
                        }
                    }
                }
            }
        });
    }
}
