//! The control messages, one struct each. See the module's diagram for their order.

use super::looking::{NamedArea, SheetProfile};
use super::sheet_options::SheetOptions;
use crate::input_type::InputType;
use crate::text_input::TextRules;
use crate::types::ColumnType;
use serde::{Deserialize, Serialize};

/// What the backend asks of the reader.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case")]
pub enum Request {
    /// First message: who is asking.
    Hello(Hello),
    /// A file; its open descriptor travels with this frame (SCM_RIGHTS).
    Open(OpenRequest),
    /// Find the header of one sheet and the types of its first rows.
    Head(HeadRequest),
    /// Encode the sheet's rows.
    Stream(StreamRequest),
    /// Say what each column holds. Must follow a [`Request::Head`] of the sheet.
    Profile,
    /// As [`Request::Stream`], but rows and rejected cells are only counted, not sent: a plan.
    Check(StreamRequest),
}

/// What the reader answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "response", rename_all = "snake_case")]
pub enum Response {
    /// Answer to [`Request::Hello`].
    Hello(Hello),
    /// Answer to [`Request::Open`].
    Opened(Opened),
    /// Answer to [`Request::Head`].
    Head(Head),
    /// Cells that could not be stored as read; between row frames, before the frame that ends the stream.
    Rejects {
        /// The cells, in sheet order.
        rejects: Vec<Reject>,
    },
    /// A value does not fit its column; ends the stream.
    Misfit(Misfit),
    /// The sheet is at its end; ends the stream.
    Done(StreamDone),
    /// Answer to [`Request::Profile`].
    Profile(SheetProfile),
    /// The request failed. The reader stays usable for another [`Request::Open`].
    Failed(Failed),
}

/// The handshake of both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`super::PROTOCOL`]
    pub protocol: u32,
    /// [`super::VERSION`]
    pub version: String,
    /// From the reader: the confinements in force (`no_new_privs`, `rlimit_as`, …). Empty from the backend.
    #[serde(default)]
    pub confinement: Vec<String>,
}

/// Bounds the reader keeps for one file, from the `pgdatahub.*` settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Largest file, in bytes (`pgdatahub.max_file_size`).
    pub max_file_bytes: u64,
    /// Most non-empty cells in one sheet (`pgdatahub.max_cells`).
    pub max_cells: u64,
    /// Processor seconds for this file (`pgdatahub.reader_cpu`).
    pub cpu_seconds: u64,
}

/// Opens a workbook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenRequest {
    /// Bounds for this file.
    pub limits: Limits,
    /// Whether [`Opened::names`] is wanted.
    #[serde(default)]
    pub names: bool,
}

/// How a workbook is stored, by its content (its name may lie).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Office Open XML (.xlsx, .xlsm), ECMA-376
    Xlsx,
    /// Binary workbook (.xlsb), [MS-XLSB]
    Xlsb,
    /// BIFF workbook (.xls), [MS-XLS]
    Xls,
    /// OpenDocument spreadsheet (.ods)
    Ods,
}

/// Whether Excel shows a sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SheetVisibility {
    /// shown
    Visible,
    /// hidden, can be unhidden in the user interface
    Hidden,
    /// hidden, can be unhidden by a macro only
    VeryHidden,
}

/// One sheet of a workbook, in the workbook's order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SheetInfo {
    /// The sheet's name.
    pub name: String,
    /// Whether Excel shows it.
    pub visibility: SheetVisibility,
    /// Chart and dialog sheets have no cells and cannot be imported.
    pub has_cells: bool,
}

/// A workbook was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// SHA-256 of the content, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// The file's size in bytes.
    pub bytes: u64,
    /// How it is stored.
    pub format: Format,
    /// Its sheets, in order.
    pub sheets: Vec<SheetInfo>,
    /// Its defined names and tables, if they were asked for; none where the format's reader knows none.
    #[serde(default)]
    pub names: Option<Vec<NamedArea>>,
}

/// Where the header row is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeaderChoice {
    /// Found among the first 50 rows; `known` are the headers and column names a managed table already has.
    Auto {
        /// Known headers; empty for a new table.
        known: Vec<String>,
    },
    /// This row, counted from 1.
    Row(u32),
    /// These rows, in ascending order; their texts are joined by `_`.
    Rows(Vec<u32>),
    /// There is none: all rows are data.
    None,
}

/// Finds a sheet's header and first types.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadRequest {
    /// Index into [`Opened::sheets`].
    pub sheet: u32,
    /// Where the header row is.
    pub header: HeaderChoice,
    /// How many data rows decide the first types (`pgdatahub.chunk_size`).
    pub sample_rows: u32,
    /// How the sheet is read, by the stream that follows too.
    #[serde(default)]
    pub options: SheetOptions,
    /// Which text cells become something else; for the stream that follows too.
    #[serde(default)]
    pub text: TextRules,
}

/// One header cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Column of the sheet, counted from 0 (A = 0).
    pub index: u32,
    /// The header as the sheet shows it, trimmed; empty for a blank header over data.
    pub text: String,
    /// The join of the types of the first rows' values.
    pub found: ColumnType,
}

/// A sheet's header and the types of its first rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The (last) header row counted from 1, 0 for [`HeaderChoice::None`]; none when the sheet has no non-blank row.
    pub header_row: Option<u32>,
    /// Non-blank rows above the header that are not read.
    pub skipped_rows: u32,
    /// Columns with a header or with data in the first rows, by index.
    pub headers: Vec<Header>,
    /// Data rows that were looked at.
    pub sampled_rows: u64,
    /// Most values in one of those rows.
    #[serde(default)]
    pub widest_row: u32,
    /// Whether that was the whole sheet.
    pub complete: bool,
}

/// How a column's values are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wire {
    /// As this native type; a value whose type it does not hold is a misfit.
    /// `Native(None)` holds nothing: any value is a misfit.
    Native(ColumnType),
    /// Text form, for a user-made type's own input; any value.
    Input,
    /// Numbers as text, for a user-made number type's own input; anything else is a misfit.
    InputNumber,
    /// Text form for any type's input, but numbers with all their digits; any value.
    Exact,
    /// As JSON (RFC 8259): numbers, booleans, all else as strings; any value.
    Json,
    /// Values that a type keeps unchanged, as text for its own input; any other is a misfit.
    Typed(InputType),
}

/// What a value that its column's wire does not hold leads to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnMisfit {
    /// A [`Misfit`], which ends the stream.
    #[default]
    Misfit,
    /// NULL in its place, and a [`Reject`].
    RejectCell,
    /// The row is left out, with a [`Reject`] for each such value. A value of
    /// the row that is a [`Misfit`] is one all the same: what a column becomes
    /// must not depend on where the sample of the first rows ended.
    RejectRow,
}

/// One column of the target, in the order of the encoded fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamColumn {
    /// Column of the sheet, counted from 0.
    pub index: u32,
    /// How its values are encoded.
    pub wire: Wire,
    /// What a value that does not fit leads to.
    #[serde(default)]
    pub on_misfit: OnMisfit,
}

/// How rows are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowEncoding {
    /// Tuples of COPY's binary format, without header and trailer.
    Binary,
    /// Lines of COPY's text format, UTF-8.
    Text,
}

/// Encodes a sheet's rows. Must follow a [`Request::Head`] of the same sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamRequest {
    /// The columns; a sheet column that is not listed and turns out to hold a value is a misfit.
    pub columns: Vec<StreamColumn>,
    /// How rows are encoded.
    pub encoding: RowEncoding,
    /// Text fields appended to each row (source_file, in PostgreSQL's text form).
    pub source_file: String,
    /// timestamptz field appended after it, microseconds since 2000-01-01 00:00 UTC.
    pub load_timestamp: i64,
    /// False: from the first data row. True: from the row of the last [`Misfit`].
    pub resume: bool,
    /// Sheet columns, not among `columns`, that no row may have a value in: one
    /// that has is left out, as with [`OnMisfit::RejectRow`].
    #[serde(default)]
    pub unfillable: Vec<u32>,
    /// Only these sheet rows: first row (from 1) and how many, ascending. None: all.
    #[serde(default)]
    pub only: Option<Vec<(u32, u32)>>,
}

/// A value does not fit its column's target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Misfit {
    /// Sheet row counted from 1.
    pub row: u32,
    /// Sheet column counted from 0.
    pub column: u32,
    /// The value's text form, cut to 200 characters.
    pub value: String,
    /// The value's own type.
    pub value_type: ColumnType,
    /// For every column that holds a value from this row to the sheet's end:
    /// its index and the join of those values' types.
    pub rest: Vec<(u32, ColumnType)>,
}

/// A cell that was not stored as read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reject {
    /// Sheet row counted from 1.
    pub row: u32,
    /// Sheet column counted from 0.
    pub column: u32,
    /// What the sheet holds, cut to 1,000 characters.
    pub raw_value: String,
    /// Why it was not stored.
    pub reason: String,
    /// SQLSTATE of the reason.
    pub sqlstate: String,
    /// The whole row was left out for it; else its column holds NULL.
    #[serde(default)]
    pub whole_row: bool,
}

/// The sheet was read to its end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamDone {
    /// Rows encoded since the last `resume: false`.
    pub rows: u64,
    /// Rows left out for a value that does not fit, see [`OnMisfit::RejectRow`].
    #[serde(default)]
    pub rejected_rows: u64,
    /// Wholly blank rows between the first and the last data row.
    pub blank_rows: u64,
    /// Cells rejected.
    pub rejected: u64,
    /// Formulas without a cached value, stored as NULL.
    pub formulas_without_value: u64,
    /// Columns (by index) all of whose formulas lack a cached value.
    pub formula_columns_without_value: Vec<u32>,
    /// U+0000 and lone surrogates replaced.
    pub replaced_characters: u64,
    /// Merged ranges that reach into the data.
    pub merged_ranges: u64,
    /// Hidden rows and columns, which are read like any other.
    pub hidden_rows: u64,
    /// See `hidden_rows`.
    pub hidden_columns: u64,
}

/// What kind of failure; decides the SQLSTATE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// 0A000: password-protected
    Encrypted,
    /// 0A000: not a workbook, or of an unknown format
    UnknownFormat,
    /// 22000: a workbook, but broken
    Corrupt,
    /// 22000: a file of 0 bytes
    Empty,
    /// 54000: over a limit; the hint names the setting
    OverLimit,
    /// 55006: size, mtime or ctime changed while it was read
    StillWritten,
    /// 58030: the operating system refused to read on
    Io,
    /// 22023: the sheet, header row or range asked for does not exist
    BadArgument,
    /// 22000: the header matches another template
    OtherTemplate,
    /// 22000: a column of formulas without any cached value
    NoCachedValues,
    /// 22000: a cell that the settings do not allow
    BadData,
    /// 08P01: the backend said something out of order
    Protocol,
}

impl FailureKind {
    /// The SQLSTATE a user sees.
    pub fn sqlstate(self) -> &'static str {
        match self {
            FailureKind::Encrypted | FailureKind::UnknownFormat => "0A000",
            FailureKind::Corrupt
            | FailureKind::Empty
            | FailureKind::OtherTemplate
            | FailureKind::NoCachedValues
            | FailureKind::BadData => "22000",
            FailureKind::OverLimit => "54000",
            FailureKind::StillWritten => "55006",
            FailureKind::Io => "58030",
            FailureKind::BadArgument => "22023",
            FailureKind::Protocol => "08P01",
        }
    }
}

/// A request failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// What kind.
    pub kind: FailureKind,
    /// One sentence, lower-case start, no full stop: PostgreSQL's message style.
    pub message: String,
    /// More facts: part, sheet and cell where known.
    #[serde(default)]
    pub detail: Option<String>,
    /// What helps: a setting or statement.
    #[serde(default)]
    pub hint: Option<String>,
}
