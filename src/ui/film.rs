//! `www/film.js` in Rust's words: pictures become pixels and files there.

use super::dom;
use js_sys::{Array, Function, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// The part of the page that makes files.
#[derive(Clone)]
pub struct Film(JsValue);

/// Pixels of a picture: red, green, blue, alpha.
pub struct Pixels {
    pub width: u16,
    pub height: u16,
    pub rgba: Vec<u8>,
}

fn call(on: &JsValue, name: &str, args: &[JsValue]) -> Result<JsValue, JsValue> {
    let f: Function = Reflect::get(on, &name.into())?.dyn_into()?;
    let list: Array = args.iter().collect();
    f.apply(on, &list)
}

async fn wait(value: Result<JsValue, JsValue>) -> Result<JsValue, String> {
    let promise = value.map_err(said)?;
    match promise.dyn_into::<Promise>() {
        Ok(promise) => JsFuture::from(promise).await.map_err(said),
        Err(plain) => Ok(plain),
    }
}

/// What went wrong, in its own words.
fn said(e: JsValue) -> String {
    let message = Reflect::get(&e, &"message".into()).ok().and_then(|m| m.as_string());
    message.or_else(|| e.as_string()).unwrap_or_else(|| "the browser refused".into())
}

impl Film {
    /// Fetches it.
    pub async fn load() -> Result<Film, String> {
        wait(call(&dom::window(), "hbFilm", &[])).await.map(Film)
    }

    /// A picture that brings its letters with it.
    pub async fn lettered(&self, svg: &str) -> Result<String, String> {
        let text = wait(call(&self.0, "lettered", &[svg.into()])).await?;
        Ok(text.as_string().unwrap_or_default())
    }

    /// A PNG, so many times as large.
    pub async fn png(&self, svg: &str, scale: f64) -> Result<Vec<u8>, String> {
        let bytes = wait(call(&self.0, "png", &[svg.into(), scale.into()])).await?;
        Ok(Uint8Array::new(&bytes).to_vec())
    }

    /// The pixels.
    pub async fn pixels(&self, svg: &str, scale: f64) -> Result<Pixels, String> {
        let found = wait(call(&self.0, "pixels", &[svg.into(), scale.into()])).await?;
        let get = |name: &str| Reflect::get(&found, &name.into()).map_err(said);
        let side = |name: &str| get(name).map(|v| v.as_f64().unwrap_or(0.0) as u16);
        let rgba = Uint8Array::new(&get("data")?).to_vec();
        Ok(Pixels { width: side("width")?, height: side("height")?, rgba })
    }

    /// A film in the making.
    pub fn film(&self, scale: f64, fps: u32) -> Result<FilmReel, String> {
        call(&self.0, "film", &[scale.into(), fps.into()]).map(FilmReel).map_err(said)
    }

    /// What `hb` answers, off the main thread.
    pub async fn hb(&self, args: &[&str]) -> Result<String, String> {
        let list: Array = args.iter().map(|a| JsValue::from_str(a)).collect();
        let text = wait(call(&self.0, "hb", &[list.into()])).await?;
        Ok(text.as_string().unwrap_or_default())
    }

    /// Ends what `hb` is doing.
    pub fn stop(&self) {
        let _ = call(&self.0, "stop", &[]);
    }
}

/// A film in the making.
pub struct FilmReel(JsValue);

impl FilmReel {
    /// Adds a frame.
    pub async fn add(&self, svg: &str) -> Result<(), String> {
        wait(call(&self.0, "add", &[svg.into()])).await.map(|_| ())
    }
    /// The file, with a title.
    pub async fn finish(&self, title: &str) -> Result<Vec<u8>, String> {
        let bytes = wait(call(&self.0, "finish", &[title.into()])).await?;
        Ok(Uint8Array::new(&bytes).to_vec())
    }
}
