"""The names of the pipeline's stages: between the models, and where media become their inputs."""

from tribe_np.oracle.taps import TapRow, TapTable, rows_below

RATES_DIFFER = "the sound's rate is not the model's"
CONSTANT = "the frame rate is constant"
NEEDED = "it enters a layer group"

WORD = (
    TapRow("tokens", "(S_i)", "token ids of the word's context: no begin of text, no padding"),
    TapRow("span", "(2)", "the first of them that is the word's own, and the one after the last"),
    TapRow("states.{j}", "(O_i, F_text)", "hidden state j of the word's own tokens", NEEDED),
    TapRow("states.{j}.pooled", "(F_text)", "their mean", NEEDED),
    TapRow("features", "(G_text, F_text)", "the mean of each layer group's states"),
)
SOUND = (
    TapRow("samples", "(N_i, C_i)", "what decoding gave, times the row's volume"),
    TapRow("filters", "(P_i, B_i)", "the resampling filter of each output phase; a table in float32", RATES_DIFFER),
    TapRow("resampled", "(C_i, L_i)", "at 16 kHz, each channel"),
    TapRow("mono", "(L_i)", "the mean of the channels"),
    TapRow("standardized", "(L_i)", "mean 0, deviation 1 (unbiased)"),
    TapRow("window", "(400)", "Povey's: Hann's to the power of 0.85"),
    TapRow("windowed", "(A_i, 512)", "each 25 ms, scaled by 2^15, centred, emphasised, windowed, padded with zeros"),
    TapRow("power", "(A_i, 257)", "squared magnitudes of the spectrum"),
    TapRow("mel_filters", "(257, 80)", "Kaldi's triangles, in mel"),
    TapRow("mel", "(A_i, 80)", "natural logarithm of the mel energies, at least 1.19e-7"),
    TapRow("mel_standardized", "(A_i, 80)", "each bin with mean 0 and variance 1 (unbiased) over the piece"),
    TapRow("input", "(X_i, 160)", "two audio frames to a token; an odd last one is paired with 1.0"),
    TapRow("states.{j}", "(X_i, F_audio)", "hidden state j", NEEDED),
    TapRow("states.{j}.pooled", "(U_i, F_audio)", "of each step of the grid the token with which it begins", NEEDED),
    TapRow("features", "(G_audio, F_audio, U_i)", "the mean of each layer group's states"),
)
FRAMES = (
    TapRow("frames.{j}", "(H_i, W_i, 3)", "frame j of the file, as decoded: uint8 RGB", CONSTANT),
    TapRow("{j}.frame_numbers", "(Z)", "the frames of the file that the clip of step j holds, oldest first", CONSTANT),
)
CLIP = (
    TapRow("shrunk", "(Z, I, J, 3)", "its frames resized and cropped: uint8"),
    TapRow("pixels", "(Z, 3, I, J)", "normalised, the model's input"),
    TapRow("states.{k}", "(Q, F_video)", "hidden state k", NEEDED),
    TapRow("states.{k}.pooled", "(F_video)", "the mean over all tokens", NEEDED),
    TapRow("features", "(G_video, F_video)", "the mean of each layer group's states"),
)
PICTURE = (
    TapRow("picture", "(H_i, W_i, 3)", "the frame that the processor is given: uint8 RGB"),
    TapRow("pixels", "(3, I_image, J_image)", "resized, cropped, normalised: the model's input"),
    TapRow("states.{k}", "(Q_image, F_image)", "hidden state k", NEEDED),
    TapRow("states.{k}.pooled", "(F_image)", "the mean over all tokens", NEEDED),
    TapRow("features", "(G_image, F_image)", "the mean of each layer group's states"),
)
SECONDS = TapRow(
    "times", "(Y_i, Z)", "moments of the film that each clip shows, oldest first", unit="s of the film", exact=True
)

TABLE = TapTable(
    model="pipeline",
    about="From decoded media and words to predictions. Numbers count events in the order of the table, from 0: "
    "{i} of text is a word, of sound and film a chunk; {j} of film is the step of the grid that a clip belongs to; of "
    "states it is the number of the hidden state, 0 before the first layer. What the cache holds is not computed "
    "and not heard: `recording.not_heard` lists it.",
    letters={
        "E": "events of a modality", "S": "tokens of a context", "O": "tokens of a word", "G": "layer groups",
        "F": "width of the modality's model", "N": "samples of a chunk", "C": "channels", "P": "phases of resampling",
        "B": "taps of its filters", "L": "samples at 16 kHz", "A": "audio frames of 25 ms, every 10 ms",
        "X": "tokens of the sound model", "U": "steps of the grid in a chunk of sound",
        "Y": "steps of the grid in a chunk of film", "Z": "frames of a clip", "H": "rows of a frame",
        "W": "columns of a frame", "I": "rows of what the model sees", "J": "columns of it",
        "Q": "tokens of the film's or picture's model", "K": "kept TRs of a window", "T": "steps of a window",
        "R": "TRs of a window", "V": "vertices", "M": "rows of the predictions",
    },
    rows=rows_below(
        "pipeline.",
        TapRow("{m}.events", "(E_m, 3)", "start, duration and offset of each row", unit="s", exact=True),
        TapRow("plan.{i}.span", "(2)", "start and duration of the window", unit="s", exact=True),
        TapRow("plan.{i}.kept_rows", "(K_i)", "which of its TRs become rows of the predictions"),
        *rows_below("text.{i}.", *WORD),
        *rows_below("audio.{i}.", *SOUND),
        *rows_below("video.{i}.", SECONDS, *FRAMES, *rows_below("{j}.", *CLIP)),
        TapRow("video.{i}.features", "(G_video, F_video, Y_i)", "a column per step"),
        TapRow("image.{i}.times", "(Y_i)", "moments of the film that are shown", unit="s of the film", exact=True),
        TapRow("image.{i}.frames.{j}", "(H_i, W_i, 3)", FRAMES[0].meaning, CONSTANT),
        TapRow("image.{i}.{j}.frame_numbers", "(1)", "the frame of the file on screen at step j", CONSTANT),
        *rows_below("image.{i}.{j}.", *PICTURE),
        TapRow("image.{i}.features", "(G_image, F_image, Y_i)", "a column per step"),
        TapRow("windows.{i}.features.{m}.{j}.steps", "(2)", "first step that event j covers, and how many"),
        TapRow("windows.{i}.features.{m}", "(G_m, F_m, T)", "what the encoder is handed: all events, added"),
        TapRow("windows.{i}.activity", "(V, R)", "what the encoder gives for the window"),
        TapRow("predictions", "(M, V)", "the kept rows of all windows"),
    ),
)  # fmt: skip
