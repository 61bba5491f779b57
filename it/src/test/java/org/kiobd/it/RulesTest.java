package org.kiobd.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Every numbered rule has a test that carries its number, e.g. {@code rule3_…}, and docs/ARCHITECTURE.md names such tests in its columns
 * "test".
 */
class RulesTest {
    private static final Path ROOT = Path.of(System.getProperty("basedir", "."), "..");
    private static final List<String> ROOMS = List.of("volume", "store", "raid", "nbd-server", "manage", "cli", "it");

    /** A row of the page: the tag of a rule, its text, and the tests that hold it. */
    private static final Pattern ROW = Pattern.compile("\\| (rule\\d|memberRule\\d|I\\d) \\|(.*)\\| ([^|]*) \\|");

    private static final Pattern NAMED = Pattern.compile("`(\\w+)\\.(\\w+)`");

    private static final Pattern TEST = Pattern.compile(
            "@(?:Test|Seeded|ParameterizedTest)\\b(?:(?!;|\\bvoid\\b).)*?\\bvoid (\\w+)\\(", Pattern.DOTALL);

    private static final Pattern TAGS = Pattern.compile("^((?:(?:rule|memberRule|i)\\d_)+)");

    private static final Pattern RULE = Pattern.compile("<li>");

    /** Returns the test methods of each class of tests, by the name of the class. */
    private static Map<String, List<String>> tests() throws IOException {
        Map<String, List<String>> tests = new TreeMap<>();
        for (String room : ROOMS) {
            try (Stream<Path> files = Files.walk(ROOT.resolve(room).resolve("src/test/java"))) {
                for (Path file :
                        files.filter(path -> path.toString().endsWith(".java")).toList()) {
                    List<String> methods = new ArrayList<>();
                    Matcher test = TEST.matcher(Files.readString(file));
                    while (test.find()) {
                        methods.add(test.group(1));
                    }
                    tests.put(file.getFileName().toString().replace(".java", ""), methods);
                }
            }
        }
        return tests;
    }

    /** Returns the tests that the page names, by the tag of their rule in the form that names of tests have. */
    private static Map<String, List<MatchResult>> heldBy() throws IOException {
        Map<String, List<MatchResult>> heldBy = new TreeMap<>();
        for (String line : Files.readAllLines(ROOT.resolve("docs/ARCHITECTURE.md"))) {
            Matcher row = ROW.matcher(line);
            if (row.matches()) {
                List<MatchResult> named = NAMED.matcher(row.group(3)).results().toList();
                assertThat(heldBy.put(row.group(1).replace('I', 'i'), named))
                        .as("a second row: %s", line)
                        .isNull();
            }
        }
        return heldBy;
    }

    private static boolean carries(String method, String tag) {
        Matcher tags = TAGS.matcher(method);
        return tags.find() && List.of(tags.group(1).split("_")).contains(tag);
    }

    /** Returns the number of rules in the numbered list of an interface. */
    private static long rulesOf(String file) throws IOException {
        String source = Files.readString(ROOT.resolve(file));
        String list = source.substring(source.indexOf("<ol>"), source.indexOf("</ol>"));
        return RULE.matcher(list).results().count();
    }

    @Test
    void thePageHasARowForEveryRule() throws IOException {
        TreeSet<String> expected = new TreeSet<>();
        for (int i = 1; i <= rulesOf("volume/src/main/java/org/kiobd/volume/BlockDevice.java"); i++) {
            expected.add("rule" + i);
        }
        for (int i = 1; i <= rulesOf("store/src/main/java/org/kiobd/store/MemberPort.java"); i++) {
            expected.add("memberRule" + i);
        }
        for (int i = 1; i <= 9; i++) {
            expected.add("i" + i);
        }
        assertThat(heldBy().keySet()).isEqualTo(expected);
    }

    @Test
    void everyTestThatThePageNamesExistsAndCarriesTheNumberOfItsRule() throws IOException {
        Map<String, List<String>> tests = tests();
        heldBy().forEach((tag, named) -> {
            assertThat(named).as("tests that hold %s", tag).isNotEmpty();
            for (MatchResult one : named) {
                assertThat(tests.get(one.group(1)))
                        .as("tests of %s", one.group(1))
                        .contains(one.group(2));
                assertThat(carries(one.group(2), tag))
                        .as("%s carries %s", one.group(2), tag)
                        .isTrue();
            }
        });
    }

    @Test
    void noTestCarriesANumberThatNoRuleHas() throws IOException {
        TreeSet<String> known = new TreeSet<>(heldBy().keySet());
        tests().forEach((type, methods) -> methods.forEach(method -> {
            Matcher tags = TAGS.matcher(method);
            if (tags.find()) {
                assertThat(known)
                        .as("%s.%s", type, method)
                        .containsAll(List.of(tags.group(1).split("_")));
            }
        }));
    }
}
