package org.kiobd.volume.testkit;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.TestTemplate;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A test that takes a {@link java.util.Random} and runs once a seed: first those committed in {@code seeds/CLASS.METHOD.txt}, then as
 * many new ones as {@link #rounds()} or {@code -Dkiobd.rounds} say. {@code -Dkiobd.seed} runs that one alone. The seed stands in the
 * test's name and in the message of its failure.
 */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@TestTemplate
@ExtendWith(SeededExtension.class)
public @interface Seeded {
    /** New seeds a run. */
    int rounds() default 5;
}
