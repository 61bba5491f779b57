/** A program that runs in a guest and needs nothing but the JDK: it uses a file in every way and knows what must be in it. */
package org.kiobd.it.exerciser;
