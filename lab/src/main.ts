import { mount } from 'svelte';
import '../../src/Heed.Lens/Figures/FigureMotion.js';
import App from './App.svelte';
import './styles.css';

mount(App, { target: document.getElementById('app')! });
