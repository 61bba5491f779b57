package org.kiobd.volume.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.Extension;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;
import org.junit.jupiter.api.extension.TestTemplateInvocationContext;
import org.junit.jupiter.api.extension.TestTemplateInvocationContextProvider;

/** Runs {@link Seeded} tests. */
public final class SeededExtension implements TestTemplateInvocationContextProvider {

    @Override
    public boolean supportsTestTemplate(ExtensionContext context) {
        return context.getRequiredTestMethod().isAnnotationPresent(Seeded.class);
    }

    @Override
    public Stream<TestTemplateInvocationContext> provideTestTemplateInvocationContexts(ExtensionContext context) {
        return seeds(context).stream().map(Round::new);
    }

    private static List<Long> seeds(ExtensionContext context) {
        String given = System.getProperty("kiobd.seed");
        if (given != null) {
            return List.of(Long.parseLong(given));
        }
        List<Long> seeds = committed(context);
        int rounds = Integer.getInteger(
                "kiobd.rounds",
                context.getRequiredTestMethod().getAnnotation(Seeded.class).rounds());
        Random fresh = new Random(System.nanoTime());
        for (int i = 0; i < rounds; i++) {
            seeds.add(fresh.nextLong());
        }
        return seeds;
    }

    /** One seed a line; what follows a {@code #} says what it found. */
    private static List<Long> committed(ExtensionContext context) {
        Class<?> type = context.getRequiredTestClass();
        String name = "/seeds/" + type.getSimpleName() + "."
                + context.getRequiredTestMethod().getName() + ".txt";
        List<Long> seeds = new ArrayList<>();
        try (InputStream file = type.getResourceAsStream(name)) {
            if (file != null) {
                String text = new String(file.readAllBytes(), StandardCharsets.UTF_8);
                text.lines()
                        .map(line -> line.replaceFirst("#.*", "").strip())
                        .filter(line -> !line.isEmpty())
                        .forEach(line -> seeds.add(Long.parseLong(line)));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return seeds;
    }

    private record Round(long seed) implements TestTemplateInvocationContext {
        @Override
        public String getDisplayName(int invocationIndex) {
            return "seed=" + seed;
        }

        @Override
        public List<Extension> getAdditionalExtensions() {
            return List.of(new Seed(seed));
        }
    }

    private record Seed(long seed) implements ParameterResolver, TestExecutionExceptionHandler {
        @Override
        public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
            return parameter.getParameter().getType() == Random.class;
        }

        @Override
        public @Nullable Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
            context.publishReportEntry("seed", Long.toString(seed));
            return new Random(seed);
        }

        @Override
        public void handleTestExecutionException(ExtensionContext context, Throwable thrown) {
            throw new AssertionError(
                    "failed with seed=" + seed + "; run it alone with -Dkiobd.seed=" + seed + ": "
                            + thrown.getMessage(),
                    thrown);
        }
    }
}
