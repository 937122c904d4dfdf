/* A receiver that takes every message as fast as one thread can, counts, and keeps nothing: the yardstick for senders.
 *
 *     cc -O2 -o null_sink null_sink.c
 *     ./null_sink [-c] [-d MILLISECONDS] [-r TEXT] [-w FILE]
 *
 *   -c        offer CHUNKING too (RFC 3030)
 *   -d MS     a distance: each answer leaves MS milliseconds after what it answers came in; nobody waits for another connection
 *   -r TEXT   what the reply to a message says before its number, "250 2.0.0 Ok: queued as " unless told
 *   -w FILE   write the recipients of each accepted message, one a line, so that a judge can count what was lost or came twice
 *
 * It listens on a free port of 127.0.0.1 and prints it. For each line on standard input it prints
 *     messages cpu_seconds first_message last_message message_bytes
 * (moments of CLOCK_MONOTONIC, 0 before the first message; what -w wrote is in the file by then). It ends when its input ends.
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { READ_SIZE = 256 * 1024, LONGEST_LINE = 4096, EVENTS = 256 };
enum state { COMMAND, DATA, CHUNK };

/* Bytes that wait to be sent or written. */
struct bytes {
    char *at;
    size_t length, room;
};

struct connection {
    int fd;                /* -1: closed; it stays until its answers are off the way and this turn of the loop is over */
    int waits;             /* answers on their way */
    int waits_for_room;    /* the peer's window is full */
    int is_leaving;        /* QUIT was said */
    enum state state;
    int is_last;           /* of a BDAT */
    size_t chunk_left;     /* bytes of a BDAT still to come */
    size_t length;         /* of what is unread in `buffer` */
    size_t taken;          /* bytes of this message so far */
    struct bytes recipients, out;
    struct connection *next_closed;
    char buffer[READ_SIZE];
};

/* An answer on its way over the distance; all are equally slow, so the queue is in order of time. */
struct answer {
    int64_t due;
    struct connection *to;
    char *text;
    size_t length;
    struct answer *next;
};

static int epoll_fd, timer_fd, addresses_fd = -1, offers_chunking;
static int64_t distance;
static const char *reply_text = "250 2.0.0 Ok: queued as ";
static uint64_t messages, message_bytes;
static int64_t first_message, last_message;
static struct answer *first_answer, *last_answer;
static struct connection *closed;
static struct bytes addresses, answers; /* `answers`: to what one read brought */

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void append(struct bytes *to, const char *from, size_t length) {
    if (to->length + length > to->room) {
        to->room = 2 * (to->length + length) + 4096;
        to->at = realloc(to->at, to->room);
        if (!to->at) fail("realloc");
    }
    memcpy(to->at + to->length, from, length);
    to->length += length;
}

static void say(const char *text) { append(&answers, text, strlen(text)); }

/* ------------------------------------------------------------------ the file of addresses */

static void write_addresses(void) {
    size_t done = 0;
    while (done < addresses.length) {
        ssize_t n = write(addresses_fd, addresses.at + done, addresses.length - done);
        if (n < 0 && errno != EINTR) fail("write");
        if (n > 0) done += n;
    }
    addresses.length = 0;
}

/* ------------------------------------------------------------------ answers */

static void close_connection(struct connection *c) {
    close(c->fd);
    c->fd = -1;
    c->next_closed = closed;
    closed = c;
}

/* Once a turn: an event of the same turn may still name a closed connection, and so may an answer on its way. */
static void forget_closed(void) {
    for (struct connection **at = &closed; *at;) {
        struct connection *c = *at;
        if (c->waits) {
            at = &c->next_closed;
            continue;
        }
        *at = c->next_closed;
        free(c->recipients.at);
        free(c->out.at);
        free(c);
    }
}

static void watch(struct connection *c, int waits_for_room) {
    struct epoll_event event = {.events = EPOLLIN | (waits_for_room ? EPOLLOUT : 0), .data.ptr = c};
    if (c->waits_for_room == waits_for_room) return;
    c->waits_for_room = waits_for_room;
    if (epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &event)) fail("epoll_ctl");
}

/* Send what waits; 0 when the connection is gone. */
static int flush(struct connection *c) {
    if (c->out.length) {
        ssize_t n = send(c->fd, c->out.at, c->out.length, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EINTR) return 0;
        if (n > 0) {
            c->out.length -= n;
            memmove(c->out.at, c->out.at + n, c->out.length);
        }
    }
    watch(c, c->out.length > 0);
    return !(c->is_leaving && !c->out.length && !c->waits);
}

static void arm(int64_t due) {
    struct itimerspec t = {.it_value = {.tv_sec = due / 1000000000, .tv_nsec = due % 1000000000}};
    if (timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &t, NULL)) fail("timerfd_settime");
}

/* Let the answers go, at once or over the distance; 0 when the connection is gone. */
static int answer(struct connection *c) {
    if (!answers.length) return 1;
    if (!distance) {
        append(&c->out, answers.at, answers.length);
        answers.length = 0;
        return flush(c);
    }
    struct answer *a = malloc(sizeof *a);
    if (!a) fail("malloc");
    *a = (struct answer){.due = now() + distance, .to = c, .length = answers.length};
    a->text = malloc(answers.length);
    if (!a->text) fail("malloc");
    memcpy(a->text, answers.at, answers.length);
    answers.length = 0;
    c->waits++;
    if (first_answer)
        last_answer->next = a;
    else
        first_answer = a, arm(a->due);
    last_answer = a;
    return 1;
}

static void deliver_due_answers(void) {
    uint64_t ticks;
    if (read(timer_fd, &ticks, sizeof ticks) < 0 && errno != EAGAIN) fail("read");
    for (int64_t moment = now(); first_answer && first_answer->due <= moment;) {
        struct answer *a = first_answer;
        struct connection *c = a->to;
        first_answer = a->next;
        c->waits--;
        if (c->fd >= 0) {
            append(&c->out, a->text, a->length);
            if (!flush(c)) close_connection(c);
        }
        free(a->text);
        free(a);
    }
    if (first_answer) arm(first_answer->due);
}

/* ------------------------------------------------------------------ SMTP */

static void accept_message(struct connection *c) {
    char line[256];
    last_message = now();
    if (!messages++) first_message = last_message;
    message_bytes += c->taken;
    if (addresses_fd >= 0) {
        append(&addresses, c->recipients.at, c->recipients.length);
        if (addresses.length > 1 << 20) write_addresses();
    }
    c->recipients.length = c->taken = 0;
    append(&answers, line, snprintf(line, sizeof line, "%s%lX\r\n", reply_text, (unsigned long)messages));
}

static int starts(const char *line, size_t length, const char *verb) {
    return length >= strlen(verb) && !strncasecmp(line, verb, strlen(verb));
}

static void keep_recipient(struct connection *c, const char *line, size_t length) {
    const char *from = memchr(line, '<', length), *to = from ? memchr(from, '>', length - (from - line)) : NULL;
    if (addresses_fd < 0 || !to) return;
    append(&c->recipients, from + 1, to - from - 1);
    append(&c->recipients, "\n", 1);
}

static void command(struct connection *c, char *line, size_t length) {
    line[length] = 0; /* its line end stood there */
    if (starts(line, length, "MAIL")) {
        c->recipients.length = c->taken = 0;
        say("250 2.1.0 Ok\r\n");
    } else if (starts(line, length, "RCPT")) {
        keep_recipient(c, line, length);
        say("250 2.1.5 Ok\r\n");
    } else if (starts(line, length, "DATA")) {
        c->state = DATA;
        say("354 End data with <CR><LF>.<CR><LF>\r\n");
    } else if (starts(line, length, "BDAT ") && offers_chunking) {
        char *end;
        c->chunk_left = strtoull(line + 5, &end, 10);
        c->is_last = strcasestr(end, "LAST") != NULL;
        c->state = CHUNK;
    } else if (starts(line, length, "EHLO")) {
        say("250-null.invalid\r\n250-PIPELINING\r\n250-SIZE 104857600\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n");
        if (offers_chunking) say("250-CHUNKING\r\n");
        say("250 SMTPUTF8\r\n");
    } else if (starts(line, length, "HELO")) {
        say("250 null.invalid\r\n");
    } else if (starts(line, length, "RSET") || starts(line, length, "NOOP")) {
        c->recipients.length = c->taken = 0;
        say("250 2.0.0 Ok\r\n");
    } else if (starts(line, length, "QUIT")) {
        c->is_leaving = 1;
        say("221 2.0.0 Bye\r\n");
    } else {
        say("500 5.5.2 Unknown command\r\n");
    }
}

/* Read what a part of the buffer says; returns how much of it is done with. */
static size_t read_data(struct connection *c, const char *from, size_t length) {
    const char *dot = memmem(from, length, "\r\n.\r\n", 5);
    if (dot) {
        c->taken += dot + 2 - from;
        c->state = COMMAND;
        accept_message(c);
        return dot + 5 - from;
    }
    size_t done = length > 4 ? length - 4 : 0; /* the end may have come in part */
    c->taken += done;
    return done;
}

static size_t read_chunk(struct connection *c, size_t length) {
    size_t done = length < c->chunk_left ? length : c->chunk_left;
    c->taken += done;
    c->chunk_left -= done;
    if (c->chunk_left) return done;
    c->state = COMMAND;
    if (c->is_last)
        accept_message(c);
    else
        say("250 2.0.0 Ok\r\n");
    return done;
}

/* Go through what has come; 0: a line without an end. */
static int read_all(struct connection *c) {
    char *from = c->buffer, *end = c->buffer + c->length;
    while (!c->is_leaving) {
        size_t left = end - from;
        if (c->state == DATA) {
            size_t done = read_data(c, from, left);
            from += done;
            if (c->state == DATA) break;
        } else if (c->state == CHUNK) {
            if (!left && c->chunk_left) break;
            from += read_chunk(c, left);
        } else {
            char *line_end = memchr(from, '\n', left);
            if (!line_end) {
                if (left > LONGEST_LINE) return 0;
                break;
            }
            char *line = from;
            size_t length = line_end - line;
            from = line_end + 1;
            if (length && line[length - 1] == '\r') length--;
            command(c, line, length);
            if (c->state == DATA && from - c->buffer >= 2) { /* a message may be nothing but its dot */
                from[-2] = '\r', from[-1] = '\n';
                from -= 2;
                c->taken = -2;
            }
        }
    }
    c->length = end - from;
    if (c->length && from != c->buffer) memmove(c->buffer, from, c->length);
    return 1;
}

/* ------------------------------------------------------------------ the loop */

static void receive(struct connection *c, uint32_t events) {
    if (c->fd < 0) return;
    if (events & EPOLLOUT && !flush(c)) {
        close_connection(c);
        return;
    }
    if (!(events & ~EPOLLOUT)) return;
    ssize_t n = recv(c->fd, c->buffer + c->length, READ_SIZE - c->length, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) {
        close_connection(c);
        return;
    }
    c->length += n;
    answers.length = 0;
    if (!read_all(c) || !answer(c)) close_connection(c);
}

static void accept_connection(int listener) {
    int one = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) return;
        fail("accept");
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct connection *c = calloc(1, sizeof *c);
    if (!c) fail("calloc");
    c->fd = fd;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event)) fail("epoll_ctl");
    answers.length = 0;
    say("220 null.invalid ESMTP takes all, keeps nothing\r\n");
    if (!answer(c)) close_connection(c);
}

static void report(void) {
    struct rusage used;
    if (addresses_fd >= 0) write_addresses();
    getrusage(RUSAGE_SELF, &used);
    double cpu = used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    printf("%lu %.6f %.9f %.9f %lu\n", (unsigned long)messages, cpu, first_message / 1e9, last_message / 1e9, (unsigned long)message_bytes);
    fflush(stdout);
}

static void answer_questions(void) {
    char line[4096];
    ssize_t n = read(STDIN_FILENO, line, sizeof line);
    if (n <= 0) {
        if (addresses_fd >= 0) write_addresses();
        exit(0);
    }
    for (ssize_t i = 0; i < n; i++)
        if (line[i] == '\n') report();
}

static int listen_somewhere(void) {
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof where;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&where, length) || listen(fd, 1024)) fail("listen");
    if (getsockname(fd, (struct sockaddr *)&where, &length)) fail("getsockname");
    printf("%d\n", ntohs(where.sin_port));
    fflush(stdout);
    return fd;
}

static void read_options(int count, char **words) {
    for (int option; (option = getopt(count, words, "cd:r:w:")) != -1;) {
        if (option == 'c') {
            offers_chunking = 1;
        } else if (option == 'd') {
            distance = (int64_t)(atof(optarg) * 1e6);
        } else if (option == 'r') {
            reply_text = optarg;
        } else if (option == 'w') {
            addresses_fd = open(optarg, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
            if (addresses_fd < 0) fail(optarg);
        } else {
            fprintf(stderr, "usage: null_sink [-c] [-d MILLISECONDS] [-r TEXT] [-w FILE]\n");
            exit(2);
        }
    }
}

int main(int count, char **words) {
    read_options(count, words);
    signal(SIGPIPE, SIG_IGN);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    int listener = listen_somewhere();
    struct epoll_event event = {.events = EPOLLIN};
    int fds[] = {listener, timer_fd, STDIN_FILENO};
    for (int i = 0; i < 3; i++) {
        event.data.ptr = &fds[i];
        if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fds[i], &event)) fail("epoll_ctl");
    }
    for (;;) {
        struct epoll_event events[EVENTS];
        int n = epoll_wait(epoll_fd, events, EVENTS, -1);
        if (n < 0 && errno != EINTR) fail("epoll_wait");
        for (int i = 0; i < n; i++) {
            void *at = events[i].data.ptr;
            if (at == &fds[0])
                accept_connection(listener);
            else if (at == &fds[1])
                deliver_due_answers();
            else if (at == &fds[2])
                answer_questions();
            else
                receive(at, events[i].events);
        }
        forget_closed();
    }
}
