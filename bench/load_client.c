/* Many LL-HLS viewers in one thread: epoll, keep-alive HTTP/1.1, media bodies dropped by MSG_TRUNC.
 *
 * Each viewer has two connections, as a page has: one holds the next playlist and then fetches the part it
 * announces, the other holds the room's next event batch. For every part a line "part take segment part seconds"
 * is printed: when its last byte came, on CLOCK_MONOTONIC, which the recorder's hints share; not for the first two
 * seconds after all have come, nor for a viewer's first part, which was there before the viewer. At the end a line
 * "sum requests errors bytes cpu_seconds" of the SECONDS that follow (errors: from the start). Loopback only: the
 * address is fixed to 127.0.0.1.
 *
 * usage: load_client PORT MEDIA_PATH FEED_PATH_PREFIX FIRST_BATCH VIEWERS SECONDS
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HEAD = 4096, TEXT = 512 * 1024 };
enum kind { PLAYLIST, PART, FEED };

struct connection {
    int fd;
    enum kind kind;
    int in_body, status, head_length;
    long left;
    int take, segment, part; /* PART: what is being fetched; PLAYLIST: what to ask for next */
    int next_segment, next_part;
    int held; /* the playlist was waited for: its newest part is news */
    long batch;
    char head[HEAD];
    char *text; /* a playlist's body */
    long text_length;
};

static const char *media_path, *feed_path;
static int port, poller;
static long requests, errors, bytes;
static double measured_from; /* CLOCK_MONOTONIC; 0 while viewers still come */
static char base[1024];

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void send_request(struct connection *c, const char *path) {
    char request[2048];
    int n = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept: */*\r\n\r\n", path, port);
    c->in_body = 0;
    c->head_length = 0;
    c->text_length = 0;
    if (write(c->fd, request, n) != n) errors++;
    requests++;
}

static void ask_playlist(struct connection *c) {
    char path[1500];
    c->kind = PLAYLIST;
    c->held = c->next_segment >= 0;
    if (c->next_segment < 0)
        snprintf(path, sizeof path, "%s", media_path);
    else
        snprintf(path, sizeof path, "%s?_HLS_msn=%d&_HLS_part=%d&_HLS_skip=YES", media_path, c->next_segment, c->next_part);
    send_request(c, path);
}

static void ask_part(struct connection *c) {
    char path[1500];
    c->kind = PART;
    snprintf(path, sizeof path, "%s%d/%d.%d.m4s", base, c->take, c->segment, c->part);
    send_request(c, path);
}

static void ask_feed(struct connection *c) {
    char path[1500];
    c->kind = FEED;
    snprintf(path, sizeof path, "%s%ld", feed_path, c->batch);
    send_request(c, path);
}

static int connect_one(struct connection *c) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    int one = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(c->fd, (struct sockaddr *)&address, sizeof address) < 0) return -1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(c->fd, F_SETFL, fcntl(c->fd, F_GETFL) | O_NONBLOCK);
    return epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event);
}

static char *last(char *text, const char *word) {
    char *found = NULL, *at = text;
    while ((at = strstr(at, word))) found = at++;
    return found;
}

/* The newest part and the hinted next one of a playlist. */
static int read_playlist(struct connection *c) {
    char *part = last(c->text, "#EXT-X-PART:"), *hint = last(c->text, "#EXT-X-PRELOAD-HINT:TYPE=PART"), *uri;
    int take;
    if (!part || !(uri = strstr(part, "URI=\"")) || sscanf(uri + 5, "%d/%d.%d.m4s", &c->take, &c->segment, &c->part) != 3)
        return -1;
    if (!hint || !(uri = strstr(hint, "URI=\"")) || sscanf(uri + 5, "%d/%d.%d.m4s", &take, &c->next_segment, &c->next_part) != 3)
        return -1;
    return 0;
}

static void answered(struct connection *c) {
    if (c->kind == FEED) {
        if (c->status == 200) c->batch++;
        else if (c->status != 204) errors++;
        ask_feed(c);
    } else if (c->kind == PLAYLIST) {
        c->text[c->text_length] = 0;
        if (c->status == 200 && read_playlist(c) == 0) {
            ask_part(c);
        } else {
            errors++;
            c->next_segment = -1;
            ask_playlist(c);
        }
    } else {
        if (c->status != 200) errors++;
        else if (c->held && measured_from > 0 && now() >= measured_from) printf("part %d %d %d %.6f\n", c->take, c->segment, c->part, now());
        ask_playlist(c);
    }
}

static void read_head(struct connection *c) {
    char *end, *length;
    int room = HEAD - 1 - c->head_length;
    long n = recv(c->fd, c->head + c->head_length, room, MSG_PEEK);
    if (n <= 0) return;
    c->head[c->head_length + n] = 0;
    end = strstr(c->head, "\r\n\r\n");
    n = end ? end + 4 - c->head - c->head_length : n;
    recv(c->fd, c->head + c->head_length, n, 0);
    c->head_length += n;
    bytes += n;
    if (!end) return;
    c->head[c->head_length] = 0;
    c->status = atoi(c->head + 9);
    length = strcasestr(c->head, "\ncontent-length:");
    c->left = length ? atol(length + 16) : 0;
    c->in_body = 1;
}

static int readable(struct connection *c) {
    char scrap[1];
    for (;;) {
        long n;
        if (!c->in_body) {
            int before = c->head_length;
            if (recv(c->fd, scrap, 1, MSG_PEEK | MSG_DONTWAIT) == 0) return -1;
            read_head(c);
            if (c->head_length == before) return 0;
            if (!c->in_body) continue;
        }
        while (c->left > 0) {
            if (c->kind == PLAYLIST) n = recv(c->fd, c->text + c->text_length, c->left < TEXT - 1 - c->text_length ? c->left : TEXT - 1 - c->text_length, 0);
            else n = recv(c->fd, scrap, c->left, MSG_TRUNC);
            if (n == 0) return -1;
            if (n < 0) return errno == EAGAIN ? 0 : -1;
            if (c->kind == PLAYLIST) c->text_length += n;
            c->left -= n;
            bytes += n;
        }
        answered(c);
    }
}

/* Answer whatever has come for at most `milliseconds`. */
static void turn(int milliseconds) {
    struct epoll_event events[256];
    int i, n = epoll_wait(poller, events, 256, milliseconds);
    for (i = 0; i < n; i++) {
        struct connection *c = events[i].data.ptr;
        if (readable(c) < 0) {
            errors++;
            close(c->fd);
            if (connect_one(c) == 0) c->kind == FEED ? ask_feed(c) : ask_playlist(c);
        }
    }
}

/* Viewers come within seconds, not in one instant. */
static void come(int viewers, long first_batch) {
    struct connection *all = calloc(2 * viewers, sizeof *all);
    int i;
    for (i = 0; i < 2 * viewers; i++) {
        struct connection *c = &all[i];
        c->next_segment = -1;
        c->batch = first_batch;
        if (i % 2 == 0) c->text = malloc(TEXT);
        if (connect_one(c) < 0) {
            errors++;
            continue;
        }
        if (i % 2) ask_feed(c);
        else ask_playlist(c);
        if (i % 4 == 0) turn(2);
    }
}

static double cpu_seconds(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

int main(int argc, char **argv) {
    double seconds, cpu;
    if (argc != 7) return 2;
    port = atoi(argv[1]);
    media_path = argv[2];
    feed_path = argv[3];
    seconds = atof(argv[6]);
    snprintf(base, sizeof base, "%.*s", (int)(strrchr(media_path, '/') + 1 - media_path), media_path);
    poller = epoll_create1(0);
    come(atoi(argv[5]), atol(argv[4]));
    measured_from = now() + 2;
    while (now() < measured_from) turn(20);
    fprintf(stderr, "measuring\n");
    requests = bytes = 0;
    cpu = cpu_seconds();
    while (now() < measured_from + seconds) turn(100);
    printf("sum %ld %ld %ld %.3f\n", requests, errors, bytes, cpu_seconds() - cpu);
    return 0;
}
