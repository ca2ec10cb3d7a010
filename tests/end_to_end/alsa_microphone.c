/* An ALSA plugin: a microphone with exactly N channels at one sample rate, in 16 bits. It plays a
   raw file in a loop, in real time. In ~/.asoundrc:

       pcm_type.played { lib "/path/to/libasound_module_pcm_played.so" }
       pcm.desk { type played file "/path/to/sound.raw" channels 2 rate 16000 }
*/
#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

typedef struct {
    snd_pcm_ioplug_t io;
    int16_t *samples;
    long frames, next; /* frames of the file, and the next one to give */
    long channels, rate;
    double began; /* time at which the stream was started (s) */
    int running;
} played_t;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

static int start(snd_pcm_ioplug_t *io) {
    played_t *p = io->private_data;
    p->began = now();
    p->running = 1;
    return 0;
}

static int stop(snd_pcm_ioplug_t *io) {
    played_t *p = io->private_data;
    p->running = 0;
    return 0;
}

static snd_pcm_sframes_t pointer(snd_pcm_ioplug_t *io) {
    played_t *p = io->private_data;
    long frames = p->running ? (long)((now() - p->began) * p->rate) : 0;
    return frames % io->buffer_size;
}

static snd_pcm_sframes_t transfer(snd_pcm_ioplug_t *io, const snd_pcm_channel_area_t *areas,
                                  snd_pcm_uframes_t offset, snd_pcm_uframes_t size) {
    played_t *p = io->private_data;
    for (snd_pcm_uframes_t i = 0; i < size; i++) {
        for (unsigned c = 0; c < io->channels; c++) {
            char *at = (char *)areas[c].addr + (areas[c].first + areas[c].step * (offset + i)) / 8;
            *(int16_t *)at = p->samples[p->next * io->channels + c];
        }
        p->next = (p->next + 1) % p->frames;
    }
    return size;
}

static int prepare(snd_pcm_ioplug_t *io) {
    (void)io;
    return 0;
}

static int poll_revents(snd_pcm_ioplug_t *io, struct pollfd *fds, unsigned count,
                        unsigned short *events) {
    uint64_t expired;
    (void)io, (void)count;
    *events = fds[0].revents & POLLIN;
    if (*events && read(fds[0].fd, &expired, sizeof expired) < 0) *events = 0;
    return 0;
}

static int close_played(snd_pcm_ioplug_t *io) {
    played_t *p = io->private_data;
    close(io->poll_fd);
    free(p->samples);
    free(p);
    return 0;
}

static const snd_pcm_ioplug_callback_t callbacks = {
    .start = start,
    .stop = stop,
    .pointer = pointer,
    .transfer = transfer,
    .prepare = prepare,
    .poll_revents = poll_revents,
    .close = close_played,
};

static int read_file(played_t *p, const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) return -ENOENT;
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    p->samples = malloc(size);
    long count = fread(p->samples, 1, size, file);
    fclose(file);
    p->frames = size / 2 / p->channels;
    return count == size && p->frames ? 0 : -EIO;
}

SND_PCM_PLUGIN_DEFINE_FUNC(played) {
    const char *path = "";
    played_t *p = calloc(1, sizeof *p);
    snd_config_iterator_t i, next;
    snd_config_for_each(i, next, conf) {
        snd_config_t *node = snd_config_iterator_entry(i);
        const char *id;
        if (snd_config_get_id(node, &id) < 0) continue;
        if (!strcmp(id, "file")) snd_config_get_string(node, &path);
        if (!strcmp(id, "channels")) snd_config_get_integer(node, &p->channels);
        if (!strcmp(id, "rate")) snd_config_get_integer(node, &p->rate);
    }
    int error = stream == SND_PCM_STREAM_CAPTURE ? read_file(p, path) : -EINVAL;
    if (error < 0) {
        free(p->samples);
        free(p);
        return error;
    }
    /* PortAudio waits for this clock, which ticks every 10 ms. */
    struct itimerspec tick = {{0, 10000000}, {0, 10000000}};
    p->io.poll_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    p->io.poll_events = POLLIN;
    timerfd_settime(p->io.poll_fd, 0, &tick, NULL);
    p->io.version = SND_PCM_IOPLUG_VERSION;
    p->io.name = "played";
    p->io.callback = &callbacks;
    p->io.private_data = p;
    error = snd_pcm_ioplug_create(&p->io, name, stream, mode);
    if (error < 0) return error;
    unsigned access[] = {SND_PCM_ACCESS_RW_INTERLEAVED}, format[] = {SND_PCM_FORMAT_S16_LE};
    snd_pcm_ioplug_set_param_list(&p->io, SND_PCM_IOPLUG_HW_ACCESS, 1, access);
    snd_pcm_ioplug_set_param_list(&p->io, SND_PCM_IOPLUG_HW_FORMAT, 1, format);
    snd_pcm_ioplug_set_param_minmax(&p->io, SND_PCM_IOPLUG_HW_CHANNELS, p->channels, p->channels);
    snd_pcm_ioplug_set_param_minmax(&p->io, SND_PCM_IOPLUG_HW_RATE, p->rate, p->rate);
    snd_pcm_ioplug_set_param_minmax(&p->io, SND_PCM_IOPLUG_HW_PERIOD_BYTES, 256, 65536);
    snd_pcm_ioplug_set_param_minmax(&p->io, SND_PCM_IOPLUG_HW_PERIODS, 2, 64);
    *pcmp = p->io.pcm;
    return 0;
}
SND_PCM_PLUGIN_SYMBOL(played);
