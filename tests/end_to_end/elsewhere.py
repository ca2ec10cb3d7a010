"""Faults that have tests of their own; docs/FAULTS.md lists them."""

from typing import NamedTuple


class Elsewhere(NamedTuple):
    """A fault that has a test of its own elsewhere."""

    name: str
    reaction: str
    test: str
    """File of the test, below ``tests/``, and its name."""

    def as_row(self) -> str:
        """Return the row of a table in Markdown."""
        return f"| {self.name} | {self.reaction} | `tests/{self.test}` |"


ELSEWHERE = (
    Elsewhere(
        "a microphone adds a constant offset, or is very quiet",
        "the same predictions",
        "daemon/test_equal_sound.py::test_predictions_are_the_same_however_the_voice_was_recorded",
    ),
    Elsewhere(
        "the voice is on another channel than the first, or in opposite phase",
        "the same predictions",
        "end_to_end/test_channels.py::test_a_voice_on_any_channel_is_recognised_as_in_mono",
    ),
    Elsewhere(
        "a device has a name that is not UTF-8",
        "it is listed with escapes, and so are all others",
        "end_to_end/test_channels.py::"
        "test_a_microphone_whose_name_is_not_utf_8_hides_no_other_and_works_itself",
    ),
    Elsewhere(
        "an attempt to reopen the microphone raises anything",
        "it is retried for ever",
        "daemon/audio/test_lost_microphone.py::test_a_microphone_is_retried_whatever_an_attempt_raises",
    ),
    Elsewhere(
        "a sink hangs",
        "no other sink waits; it gets its records when it goes on",
        "daemon/sinks/test_fanout.py::test_a_sink_that_hangs_holds_up_no_other_and_is_said_once",
    ),
    Elsewhere(
        "a sink hangs at the end",
        "the daemon ends within a second, and says what was lost",
        "daemon/sinks/test_worker.py::"
        "test_a_sink_that_hangs_at_the_end_is_left_and_its_records_are_counted",
    ),
    Elsewhere(
        "clients of the control socket send anything at all, or hang",
        "one line of error each; the daemon does not notice",
        "daemon/service/test_control_socket.py::"
        "test_any_bytes_are_answered_by_one_line_of_error_each",
    ),
    Elsewhere(
        "the disk hangs while an example is saved",
        "the client waits; the daemon does not",
        "daemon/service/test_control.py::"
        "test_a_request_that_hangs_holds_up_neither_the_loop_nor_the_next_for_long",
    ),
    Elsewhere(
        "a worker of a cluster is killed in the middle",
        "the same output; another worker does its work",
        "end_to_end/test_cluster.py::"
        "test_a_cluster_gives_the_same_output_though_a_worker_is_killed",
    ),
    Elsewhere(
        "a cluster has no workers, or goes away",
        "one sentence each; it waits for workers, and ends with an error without a scheduler",
        "daemon/test_cluster.py::test_a_cluster_that_goes_away_is_said",
    ),
    Elsewhere(
        "a settings file or a variable is anything at all",
        "one sentence",
        "daemon/test_cli.py::test_no_settings_file_and_no_environment_are_a_traceback",
    ),
    Elsewhere(
        "the arguments are anything at all",
        "one sentence",
        "daemon/test_cli.py::test_no_arguments_are_a_traceback",
    ),
    Elsewhere(
        "recordings of a corpus are broken",
        "all are named at once, before training",
        "training/corpora/test_collection.py::"
        "test_all_broken_recordings_are_named_at_once_or_skipped",
    ),
    Elsewhere(
        "a training diverges",
        "one sentence",
        "training/fitting/test_fit.py::test_a_training_that_diverges_is_one_sentence",
    ),
)

OF_THE_HUB = (
    Elsewhere(
        "all of them hang, die and lie for an hour, one after another and together",
        "it says each fault once, and works with all of them afterwards",
        "end_to_end/test_connectors.py::"
        "test_for_an_hour_all_connectors_hang_die_and_lie_and_the_log_is_the_same_to_the_byte",
    ),
    Elsewhere(
        "the MQTT broker hangs",
        "it is left after 40 s of silence, said once, and tried for ever",
        "daemon/hub/test_mqtt.py::test_a_broker_that_hangs_is_left_and_said_once",
    ),
    Elsewhere(
        "the MQTT broker hangs while browsers watch, or while the hub ends",
        "neither waits for it",
        "end_to_end/test_mqtt.py::test_a_broker_that_hangs_holds_up_neither_the_hub_nor_its_end",
    ),
    Elsewhere(
        "the MQTT broker ends, or is killed",
        "it is said once, and tried for ever; utterances wait",
        "end_to_end/test_mqtt.py::"
        "test_utterances_outlive_a_broker_that_is_away_and_its_faults_are_said_once",
    ),
    Elsewhere(
        "another program listens in the MQTT broker's place, and sends anything at all",
        "it is said once, and tried for ever",
        "daemon/hub/test_mqtt.py::test_a_program_that_is_no_broker_is_tried_for_ever_and_said_once",
    ),
    Elsewhere(
        "wrong corrections come by MQTT",
        "they are said once, and change nothing",
        "end_to_end/test_mqtt.py::test_home_assistant_is_told_what_a_daemon_hears_and_corrects_it",
    ),
    Elsewhere(
        "the MQTT broker refuses the login",
        "it is said once, and tried for ever",
        "end_to_end/test_mqtt.py::"
        "test_a_login_that_is_refused_is_said_once_and_tried_until_it_works",
    ),
    Elsewhere(
        "a browser hangs: it takes no data",
        "it is cut off after 10 s",
        "daemon/hub/test_connections.py::"
        "test_a_client_that_takes_no_data_is_cut_off_and_one_that_takes_them_slowly_is_not",
    ),
    Elsewhere(
        "a browser hangs until 300 events wait",
        "its stream is ended; others miss nothing",
        "daemon/hub/test_feed.py::"
        "test_a_client_that_does_not_keep_up_is_dropped_and_the_others_miss_nothing",
    ),
    Elsewhere(
        "a browser hangs: its request is never whole",
        "it is cut off after 10 s",
        "daemon/hub/test_connections.py::test_a_request_that_is_never_whole_is_cut_off",
    ),
    Elsewhere(
        "browsers die without a goodbye",
        "they make room for others",
        "end_to_end/test_hub_clients.py::test_streams_that_are_reset_make_room_for_others",
    ),
    Elsewhere(
        "a browser lies: its request is none",
        "400, or 431 for one that is too long",
        "end_to_end/test_hub_clients.py::test_a_request_that_is_none_is_refused",
    ),
    Elsewhere(
        "a browser lies: a wrong token, name, page or method",
        "401, 403, 404, 405, 413 or 415",
        "end_to_end/test_hub_clients.py::test_each_client_gets_what_the_table_says",
    ),
    Elsewhere(
        "a browser lies: a correction of nothing, or no request at all",
        "422, and the daemon changes nothing",
        "end_to_end/test_hub.py::test_a_program_follows_corrects_and_teaches_through_the_api",
    ),
    Elsewhere(
        "Prometheus hangs in the middle of an answer",
        "it is cut off after 10 s; others get their answers",
        "end_to_end/test_prometheus.py::"
        "test_a_scraper_that_hangs_in_the_middle_of_an_answer_is_cut_off",
    ),
    Elsewhere(
        "Prometheus is killed, and starts again",
        "it counts on from the counters of the hub",
        "end_to_end/test_prometheus.py::test_a_prometheus_that_is_killed_counts_on_when_it_is_back",
    ),
    Elsewhere(
        "Prometheus lies: its request is wrong",
        "it is refused; right ones are answered",
        "end_to_end/test_prometheus.py::"
        "test_a_scraper_that_lies_is_refused_and_the_next_is_answered",
    ),
    Elsewhere(
        "the program of a hook hangs, dies, floods its outputs, or is not there",
        "it is killed in time, and said once",
        "end_to_end/test_hooks.py::"
        "test_programs_that_hang_die_and_flood_are_said_once_and_disturb_nobody",
    ),
    Elsewhere(
        "the address of a hook hangs, or another program answers there",
        "it counts as a failed call",
        "daemon/hub/test_webhooks.py::test_another_program_at_the_address_is_said",
    ),
    Elsewhere(
        "the address of a hook is down",
        "it counts as a failed call",
        "daemon/hub/test_webhooks.py::test_an_address_that_is_not_there_is_said",
    ),
    Elsewhere(
        "calls of an address fail",
        "it is called again after 1, 5 and 25 s, then said once",
        "daemon/hub/test_hooks.py::"
        "test_an_address_is_called_again_with_longer_pauses_but_not_for_ever",
    ),
    Elsewhere(
        "the address of a hook redirects, or refuses the record",
        "it is said once; no redirect is followed",
        "daemon/hub/test_webhooks.py::"
        "test_a_refusal_is_no_reason_to_ask_again_and_no_redirect_is_followed",
    ),
)
"""Faults of what the hub connects to: a row for each that hangs, dies or lies."""
