/*
 * What the two copies of a large NBD write cost whoever makes them: a child writes requests into a unix socket, this process takes them out and
 * writes them to a file in the page cache, one after the other, and prints its processor time a request. No protocol but a header of 28 bytes.
 *
 *   cc -O2 -o target/floor it/floor.c && truncate -s 1G FILE && dd if=/dev/zero of=FILE bs=1M count=1024 conv=notrunc
 *   target/floor copy|splice|pieces BYTES COUNT FILE
 *
 * copy: recv(2) all of it, pwrite(2). splice: from the socket into a pipe, from the pipe to the file. pieces: recv and pwrite 64 KiB at a time.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HEADER = 28, PIECE = 64 << 10, PIPE = 1 << 20, SLOTS = 8 };
static const off_t FILE_BYTES = 1L << 30;

static double cpu_us(void) {
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 + used.ru_utime.tv_usec + used.ru_stime.tv_usec;
}

static void receive(int from, char *into, size_t bytes) {
  for (size_t done = 0; done < bytes;) {
    ssize_t got = recv(from, into + done, bytes - done, 0);
    if (got <= 0) err(1, "recv");
    done += got;
  }
}

static void store(int file, const char *from, size_t bytes, off_t at) {
  if (pwrite(file, from, bytes, at) != (ssize_t)bytes) err(1, "pwrite");
}

static void spliced(int from, int pipe_ends[2], int file, size_t bytes, off_t at) {
  for (size_t done = 0; done < bytes;) {
    ssize_t in = splice(from, NULL, pipe_ends[1], NULL, bytes - done, SPLICE_F_MOVE);
    if (in <= 0) err(1, "splice from the socket");
    loff_t to = at + done;
    for (size_t left = in; left > 0;) {
      ssize_t out = splice(pipe_ends[0], NULL, file, &to, left, SPLICE_F_MOVE);
      if (out <= 0) err(1, "splice to the file");
      left -= out;
    }
    done += in;
  }
}

static void send_all(int to, size_t bytes, long count) {
  char *request = calloc(1, bytes + HEADER);
  for (long i = 0; i < count; i++)
    for (size_t done = 0; done < bytes + HEADER;) {
      ssize_t sent = write(to, request + done, bytes + HEADER - done);
      if (sent < 0) _exit(1);
      done += sent;
    }
  _exit(0);
}

int main(int argc, char **argv) {
  if (argc != 5) errx(2, "usage: %s copy|splice|pieces BYTES COUNT FILE", argv[0]);
  size_t bytes = atol(argv[2]);
  long count = atol(argv[3]);
  int ends[2], pipe_ends[2], file = open(argv[4], O_RDWR);
  if (file < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0 || pipe(pipe_ends) != 0) err(1, "%s", argv[4]);
  fcntl(pipe_ends[1], F_SETPIPE_SZ, PIPE);
  if (fork() == 0) send_all(ends[0], bytes, count);
  close(ends[0]);
  char *memory = malloc(SLOTS * bytes), header[HEADER];
  memset(memory, 1, SLOTS * bytes);
  double began = cpu_us();
  for (long i = 0; i < count; i++) {
    off_t at = (off_t)i * bytes % FILE_BYTES;
    char *slot = memory + i % SLOTS * bytes;
    receive(ends[1], header, HEADER);
    if (strcmp(argv[1], "splice") == 0) {
      spliced(ends[1], pipe_ends, file, bytes, at);
    } else {
      size_t step = strcmp(argv[1], "pieces") == 0 ? PIECE : bytes;
      for (size_t done = 0; done < bytes; done += step) {
        receive(ends[1], slot, step);
        store(file, slot, step, at + done);
      }
    }
  }
  printf("%s %zu bytes: %.1f us a request\n", argv[1], bytes, (cpu_us() - began) / count);
  wait(NULL);
  return 0;
}
